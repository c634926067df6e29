// Texts that roots sign: lines in one order, comments and blank lines too (keys-and-rosters.md, "Roster: the text").

import { Refused, base64, fromBase64, fromHex, hex } from "./bytes.js";
import { isEd25519 } from "./keys.js";

/** Throws unless something holds of a text. */
export function need(holds, text) {
  if (!holds) throw new Refused("text-refused", text);
}

/** Takes the lines of a text in their one order, comments and blank lines too. */
export class Lines {
  constructor(text) {
    this.lines = text.slice(0, -1).split("\n");
    this.at = 0;
  }

  next(line) {
    need(this.lines[this.at] === line, `line ${this.at + 1} is another than it should be`);
    this.at += 1;
  }

  follows(...lines) {
    return lines.every((line, offset) => this.lines[this.at + offset] === line);
  }

  value(name, pattern) {
    const line = this.lines[this.at] ?? "";
    const found = line.startsWith(`${name} = `) ? pattern.exec(line.slice(name.length + 3)) : null;
    need(found !== null, `line ${this.at + 1}: ${name} was expected`);
    this.at += 1;
    return found[1];
  }

  string(name) {
    return this.value(name, /^"([ !#-[\]-~]*)"$/);
  }

  integer(name) {
    const number = Number(this.value(name, /^(0|[1-9][0-9]{0,15})$/));
    need(Number.isSafeInteger(number), `${name} is out of range`);
    return number;
  }

  instant(name) {
    const text = this.value(name, /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)$/);
    const at = Date.parse(text);
    need(Number.isFinite(at) && at >= 0 && new Date(at).toISOString() === text, `${name} is no time`);
    return at;
  }

  bytes(name) {
    const bytes = fromBase64(this.string(name));
    need(bytes !== null, `${name} is no base64`);
    return bytes;
  }

  hash(name) {
    const bytes = fromHex(this.string(name), 32);
    need(bytes !== null, `${name} is no hash`);
    return bytes;
  }

  /** A comment with the key id, and the key behind it, which the comment is made of. */
  commented(word, name, read) {
    const comment = this.lines[this.at];
    this.at += 1;
    const bytes = this.bytes(name);
    const made = read(bytes);
    need(comment === `# ${word} ${hex(made.id)}`, `the comment above ${name} is of another key`);
    return made;
  }

  pair() {
    const [ed25519, mldsa44] = [this.bytes("ed25519"), this.bytes("mldsa44")];
    need(isEd25519(ed25519) && mldsa44.length === 1312, "keys of a log or mirror that are refused");
    return { ed25519: hex(ed25519), mldsa44: base64(mldsa44) };
  }
}
