// Canonical msgpack (statement-and-entry.md, "Canonical encoding"): one spelling a value, limits before anything else.

import { Refused, bigEndian, compare, join, textOf, utf8 } from "./bytes.js";

const DEPTH_MAX = 16;
const ITEMS_MAX = 4096;

const TYPES = new Map([
  [0xc4, ["bytes", 1]], [0xc5, ["bytes", 2]], [0xc6, ["bytes", 4]],
  [0xd9, ["text", 1]], [0xda, ["text", 2]], [0xdb, ["text", 4]],
  [0xdc, ["array", 2]], [0xdd, ["array", 4]], [0xde, ["map", 2]], [0xdf, ["map", 4]],
  [0xcc, ["uint", 1]], [0xcd, ["uint", 2]], [0xce, ["uint", 4]], [0xcf, ["uint", 8]],
  [0xd0, ["int", 1]], [0xd1, ["int", 2]], [0xd2, ["int", 4]], [0xd3, ["int", 8]],
]);

class Reader {
  constructor(data) {
    this.data = data;
    this.at = 0;
    this.items = 0;
    this.badText = false;
    this.badType = false;
    this.unsorted = false;
    this.second = false;
  }

  take(length) {
    if (length > this.data.length - this.at) throw new Refused("truncated");
    this.at += length;
    return this.data.subarray(this.at - length, this.at);
  }

  number(width) {
    return this.take(width).reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  }

  value(depth) {
    this.items += 1;
    if (this.items > ITEMS_MAX) throw new Refused("too-many-items");
    const first = this.take(1)[0];
    if (first < 0x80) return first;
    if (first >= 0xe0) return first - 256;
    if (first === 0xc0) return null;
    if (first === 0xc2 || first === 0xc3) return first === 0xc3;
    if (first >= 0xa0 && first < 0xc0) return this.text(first & 31);
    if (first >= 0x90 && first < 0xa0) return this.array(first & 15, depth);
    if (first < 0x90) return this.map(first & 15, depth);
    const known = TYPES.get(first);
    if (known === undefined) return this.strange(first);
    const [type, width] = known;
    if (type === "uint" || type === "int") return this.integer(type, width);
    const length = Number(this.number(width));
    const shorter = { 1: type === "text" ? 32 : 0, 2: type === "text" || type === "bytes" ? 256 : 16, 4: 65536 }[width];
    if (length < shorter) this.second = true;
    if (type === "bytes") return this.take(length).slice();
    return type === "text" ? this.text(length) : this[type](length, depth);
  }

  /** Floats and extensions: skipped over, so that what is cut short is told from what is of another type. */
  strange(first) {
    this.badType = true;
    const fixed = { 0xca: 4, 0xcb: 8, 0xd4: 2, 0xd5: 3, 0xd6: 5, 0xd7: 9, 0xd8: 17 }[first];
    if (fixed !== undefined) this.take(fixed);
    else if (first >= 0xc7 && first <= 0xc9) this.take(Number(this.number(2 ** (first - 0xc7))) + 1);
    return null;
  }

  integer(type, width) {
    let value = this.number(width);
    const bits = BigInt(8 * width);
    if (type === "int" && value >> (bits - 1n)) value -= 1n << bits;
    const shortest =
      value >= 0n
        ? type === "uint" && value >= { 1: 128n, 2: 256n, 4: 65536n, 8: 1n << 32n }[width]
        : value < { 1: -32n, 2: -128n, 4: -32768n, 8: -(1n << 31n) }[width];
    if (!shortest) this.second = true;
    return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
  }

  text(length) {
    const text = textOf(this.take(length));
    if (text === null) this.badText = true;
    return text ?? "";
  }

  array(count, depth) {
    if (depth === DEPTH_MAX) throw new Refused("too-deep");
    if (this.items + count > ITEMS_MAX) throw new Refused("too-many-items");
    if (count > this.data.length - this.at) throw new Refused("truncated");
    const found = [];
    for (let number = 0; number < count; number += 1) found.push(this.value(depth + 1));
    return found;
  }

  map(count, depth) {
    if (depth === DEPTH_MAX) throw new Refused("too-deep");
    if (this.items + 2 * count > ITEMS_MAX) throw new Refused("too-many-items");
    if (2 * count > this.data.length - this.at) throw new Refused("truncated");
    const found = new Map();
    let last = null;
    for (let number = 0; number < count; number += 1) {
      const key = this.value(depth + 1);
      if (typeof key !== "string") this.badType = true;
      else {
        const bytes = utf8(key);
        if (last !== null && compare(last, bytes) > 0) this.unsorted = true;
        if (found.has(key)) this.second = true;
        last = bytes;
      }
      found.set(key, this.value(depth + 1));
    }
    return found;
  }
}

/** The one value in canonical bytes: null, boolean, number or BigInt, string, Uint8Array, array, Map. */
export function decode(data, bytesMax) {
  if (data.length > bytesMax) throw new Refused("too-large");
  const reader = new Reader(data);
  const value = reader.value(0);
  if (reader.at !== data.length) throw new Refused("trailing-bytes");
  for (const [bad, code] of [
    [reader.badText, "bad-text"],
    [reader.badType, "bad-type"],
    [reader.unsorted, "unsorted-keys"],
    [reader.second, "second-spelling"],
  ]) {
    if (bad) throw new Refused(code);
  }
  return value;
}

function head(length, small, smallMax, forms) {
  if (length <= smallMax) return [small | length];
  const [form, width] = forms.find(([, size]) => length < 256 ** size);
  return [form, ...bigEndian(length, width)];
}

/** Canonical bytes of text, bytes, arrays and null: all that this reader ever writes. */
export function encode(value) {
  if (value === null) return Uint8Array.of(0xc0);
  if (Array.isArray(value)) {
    return join(Uint8Array.from(head(value.length, 0x90, 15, [[0xdc, 2], [0xdd, 4]])), ...value.map(encode));
  }
  if (typeof value === "string") {
    const bytes = utf8(value);
    return join(Uint8Array.from(head(bytes.length, 0xa0, 31, [[0xd9, 1], [0xda, 2], [0xdb, 4]])), bytes);
  }
  return join(Uint8Array.from(head(value.length, 0, -1, [[0xc4, 1], [0xc5, 2], [0xc6, 4]])), value);
}
