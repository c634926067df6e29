// Root sets (keys-and-rosters.md, "Root sets"): a party's roots, version after version, and what may follow.

import { asciiOf, hex, same, sha256, utf8 } from "./bytes.js";
import { FIRST_SUITE, hybridKey, keyId } from "./keys.js";
import { Lines, need } from "./lines.js";
import { checkRoots } from "./roster.js";

const BYTES_MAX = 65_536;
const COMMENT = /^# The roots of ([A-Z]{2,4}) on one channel\. Roots of this set and of the one before sign this exact text\.$/;

/** A set of roots by number, and how many of them must sign. */
class Version {
  constructor({ party, channel, version, roster, threshold, roots, text }) {
    Object.assign(this, { party, channel, version, roster, threshold, roots, text });
  }

  get keys() {
    return [...this.roots.values()];
  }
}

function firstText({ party, channel, threshold, roots }) {
  const rows = [...roots].map(([number, key]) => `\n[[root]]\nnumber = ${number}\n# key id ${hex(key.id)}\nkey = "${key.text}"\n`);
  return utf8(
    `# The roots of ${party} on one channel. Roots of this set and of the one before sign this exact text.\n` +
      `format = "hotline/1/root-set"\nparty = "${party}"\nchannel = "${hex(channel)}"\nversion = 1\nthreshold = ${threshold}\n` +
      rows.join(""),
  );
}

/** The versions of a party's roots up to one that is in force. */
export class RootChain {
  constructor(versions) {
    this.versions = versions;
  }

  /** What the agreement that founds the channel says. */
  static first(party, agreement) {
    const keys = party.roots.map((key, at) => [at + 1, { ...key, id: keyId(key.algorithm, "root", key.raw), text: party.rootTexts[at] }]);
    const made = { party: party.short, channel: agreement.channel, version: 1, roster: 0, threshold: party.threshold, roots: new Map(keys) };
    return new RootChain([new Version({ ...made, text: firstText(made) })]);
  }

  get newest() {
    return this.versions.at(-1);
  }

  then(version) {
    return new RootChain([...this.versions, version]);
  }

  /** Read the text that claims to come next; `roster` is the one in force there, or null. */
  following(text, roster, suite) {
    const before = this.newest;
    const found = parseRoots(text, suite);
    need(found.party === before.party && same(found.channel, before.channel), "of another party or channel");
    need(found.version === before.version + 1 && found.version <= 256, "a version is left out");
    need(same(found.previous, sha256(before.text)), "it names another text as the one before");
    need(found.roster >= before.roster && found.roster === (roster?.version ?? 0), "it was made for another roster");
    const names = new Map();
    const numbers = new Set();
    for (const version of this.versions) {
      for (const [number, key] of version.roots) {
        numbers.add(number);
        for (const half of key.halves) names.set(hex(half), number);
      }
    }
    for (const [number, key] of found.roots) {
      for (const half of key.halves.map(hex)) {
        const known = names.get(half);
        if (known === undefined) need(!numbers.has(number), "a number that was another root's");
        else need(known === number && before.roots.has(number), "a key that another root had, or that was left out");
      }
    }
    const together = [...found.roots.keys()].filter((number) => before.roots.has(number)).length;
    const most = before.threshold + found.threshold - together;
    need(most <= (suite === FIRST_SUITE ? 16 : 12), "more roots would have to sign it than an entry takes");
    if (roster !== null) checkRoots(roster, [...found.roots.values()]);
    return new Version({ ...found, text });
  }
}

function parseRoots(data, suite) {
  const text = data.length > BYTES_MAX ? null : asciiOf(data);
  need(text !== null && text.endsWith("\n"), "no text of a root set");
  const lines = new Lines(text);
  const comment = COMMENT.exec(lines.lines[0]);
  lines.at = 1;
  need(comment !== null && lines.string("format") === "hotline/1/root-set", "it is of another format");
  const found = { party: lines.string("party"), channel: lines.hash("channel"), version: lines.integer("version") };
  need(found.party === comment[1], "its comment names another party");
  lines.instant("valid_until");
  found.previous = lines.hash("previous");
  found.roster = lines.integer("roster");
  found.threshold = lines.integer("threshold");
  found.roots = new Map();
  let last = 0;
  while (lines.follows("", "[[root]]")) {
    lines.at += 2;
    const number = lines.integer("number");
    need(number > last && number <= 99, "numbers of roots out of order");
    last = number;
    found.roots.set(number, lines.commented("key id", "key", (raw) => ({ ...hybridKey(raw, suite), id: keyId(suite, "root", raw) })));
  }
  need(lines.at === lines.lines.length, "more lines than were expected");
  need(found.roots.size <= 9 && found.threshold >= 1 && found.threshold <= found.roots.size, "a threshold that cannot be met");
  const halves = [...found.roots.values()].flatMap((key) => key.halves.map(hex));
  need(new Set(halves).size === halves.length, "a key that is there twice");
  return found;
}
