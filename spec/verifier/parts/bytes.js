// Bytes and the spellings of them. Every reader here takes one spelling only and says null to any other.

import { sha256 } from "@noble/hashes/sha2.js";

export { sha256 };

const HEX = "0123456789abcdef";
const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const VALUES = new Map([...BASE64].map((letter, value) => [letter, value]));
const encoder = new TextEncoder();

/** Something that does not read; `code` says what kind of thing is wrong with it. */
export class Refused extends Error {
  constructor(code, text) {
    super(text ?? code);
    this.code = code;
  }
}

export function utf8(text) {
  return encoder.encode(text);
}

/** Text of bytes, or null where they are not UTF-8. A byte order mark stays in it. */
export function textOf(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** Text of bytes that are all ASCII, or null. */
export function asciiOf(bytes) {
  return bytes.every((byte) => byte < 128) ? textOf(bytes) : null;
}

export function hex(bytes) {
  let text = "";
  for (const byte of bytes) text += HEX[byte >> 4] + HEX[byte & 15];
  return text;
}

/** Bytes of lower-case hexadecimal of a known length, or null. */
export function fromHex(text, length) {
  if (text.length !== 2 * length || !/^[0-9a-f]*$/.test(text)) return null;
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 1) bytes[at] = parseInt(text.slice(2 * at, 2 * at + 2), 16);
  return bytes;
}

export function base64(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const rest = bytes.length - at;
    const word = (bytes[at] << 16) | ((rest > 1 ? bytes[at + 1] : 0) << 8) | (rest > 2 ? bytes[at + 2] : 0);
    text += BASE64[word >> 18] + BASE64[(word >> 12) & 63];
    text += rest > 1 ? BASE64[(word >> 6) & 63] : "=";
    text += rest > 2 ? BASE64[word & 63] : "=";
  }
  return text;
}

/** Bytes of padded base64 in its one spelling, or null. */
export function fromBase64(text) {
  if (text.length % 4 !== 0) return null;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  let word = 0;
  let bits = 0;
  let at = 0;
  for (let place = 0; place < text.length - padding; place += 1) {
    const value = VALUES.get(text[place]);
    if (value === undefined) return null;
    word = ((word << 6) | value) & 0xffffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[at] = (word >> bits) & 255;
      at += 1;
    }
  }
  return (word & ((1 << bits) - 1)) === 0 ? bytes : null;
}

export function join(...parts) {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

export function same(one, two) {
  return one.length === two.length && one.every((byte, at) => byte === two[at]);
}

/** Order of two byte strings, as of their numbers; a prefix comes first. */
export function compare(one, two) {
  const length = Math.min(one.length, two.length);
  for (let at = 0; at < length; at += 1) if (one[at] !== two[at]) return one[at] - two[at];
  return one.length - two.length;
}

/** `length` bytes, big endian, of a number that is not negative. */
export function bigEndian(number, length) {
  const bytes = new Uint8Array(length);
  let rest = BigInt(number);
  for (let at = length - 1; at >= 0; at -= 1) {
    bytes[at] = Number(rest & 255n);
    rest >>= 8n;
  }
  return bytes;
}

export function numberOf(bytes) {
  return bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

/** SHA-256 under a tag of version 1 of the formats (statement-and-entry.md, "Hashes"). */
export function tagged(tag, ...parts) {
  return sha256(join(utf8(`hotline/1/${tag}`), new Uint8Array(1), ...parts));
}
