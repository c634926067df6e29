// Evidence packs (audit.md, "Packs"): a ZIP archive without compression, read a piece at a time from wherever it lies.

import { Refused, hex, same, textOf } from "./bytes.js";

const FILES_MAX = 1_000_000;
const LIST_BYTES_MAX = 256 * 1024 * 1024;
const BUNDLE_BYTES_MAX = 256 * (65_535 + 2);
const OTHER_BYTES_MAX = 512 * 1024;
const END_BYTES = 22;
const END64_BYTES = 56;
const LOCATOR_BYTES = 20;

const CRC = Uint32Array.from({ length: 256 }, (_, byte) => {
  let word = byte;
  for (let bit = 0; bit < 8; bit += 1) word = word & 1 ? (word >>> 1) ^ 0xedb88320 : word >>> 1;
  return word;
});

function crc32(bytes) {
  let word = 0xffffffff;
  for (const byte of bytes) word = CRC[(word ^ byte) & 255] ^ (word >>> 8);
  return (word ^ 0xffffffff) >>> 0;
}

function bad(text) {
  return new Refused("pack-malformed", text);
}

function view(bytes) {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function whole(number) {
  if (number > BigInt(Number.MAX_SAFE_INTEGER)) throw bad("it names a place that no file has");
  return Number(number);
}

/** Bytes of a Blob or File. */
async function bytesOf(blob, start, end) {
  return new Uint8Array(await blob.slice(start, end).arrayBuffer());
}

export class Pack {
  constructor(blob) {
    this.blob = blob;
    this.files = new Map();
    this.odd = [];
    this.voices = [];
  }

  static async open(blob) {
    const pack = new Pack(blob);
    await pack.readList(await pack.findList());
    const folders = new Set([...pack.files.keys(), ...pack.odd].filter((one) => one.includes("/")).map(folderOf));
    pack.voices = [...folders].filter((one) => /^[A-Z]{2,4}$/.test(one)).sort();
    if (pack.voices.length !== 2) throw bad("a pack has the exports of two voices");
    return pack;
  }

  async findList() {
    const size = this.blob.size;
    if (size < END_BYTES) throw bad("this is no pack");
    const end = view(await bytesOf(this.blob, size - END_BYTES, size));
    if (end.getUint32(0, true) !== 0x06054b50 || end.getUint16(20, true) !== 0) {
      throw bad("this is no pack: its end is not that of one");
    }
    const short = { count: end.getUint16(10, true), bytes: end.getUint32(12, true), at: end.getUint32(16, true) };
    let found = short;
    let behind = END_BYTES;
    // The wide record counts wherever its locator stands: some tools write it before anything is too large.
    const wide = END_BYTES + LOCATOR_BYTES + END64_BYTES;
    const locator = size < wide ? null : view(await bytesOf(this.blob, size - END_BYTES - LOCATOR_BYTES, size));
    if (locator !== null && locator.getUint32(0, true) === 0x07064b50) {
      behind = wide;
      const end64 = view(await bytesOf(this.blob, size - behind, size - behind + END64_BYTES));
      if (end64.getUint32(0, true) !== 0x06064b50) throw bad("this is no pack: its end is not that of one");
      const [count, bytes, at] = [32, 40, 48].map((place) => whole(end64.getBigUint64(place, true)));
      found = { count, bytes, at };
    }
    const fits = (name, most) => short[name] === Math.min(found[name], most);
    if (
      !fits("count", 0xffff) ||
      !fits("bytes", 0xffffffff) ||
      !fits("at", 0xffffffff) ||
      (behind === END_BYTES && short.count === 0xffff)
    ) {
      throw bad("this is no pack: its end is not that of one");
    }
    if (found.count > FILES_MAX || found.bytes > LIST_BYTES_MAX) throw bad("it lists more files than a pack can have");
    if (found.at + found.bytes !== size - behind) throw bad("its list of files is not where it should be");
    return found;
  }

  async readList({ count, bytes, at }) {
    const list = await bytesOf(this.blob, at, at + bytes);
    const data = view(list);
    let place = 0;
    let total = 0;
    for (let number = 0; number < count; number += 1) {
      if (place + 46 > list.length || data.getUint32(place, true) !== 0x02014b50) throw bad("its list is damaged");
      const [name, extra, comment] = [28, 30, 32].map((offset) => data.getUint16(place + offset, true));
      const next = place + 46 + name + extra + comment;
      if (next > list.length) throw bad("its list is damaged");
      const raw = list.slice(place + 46, place + 46 + name);
      const file = {
        raw,
        flags: data.getUint16(place + 8, true),
        method: data.getUint16(place + 10, true),
        crc: data.getUint32(place + 16, true),
        stored: data.getUint32(place + 20, true),
        size: data.getUint32(place + 24, true),
        at: data.getUint32(place + 42, true),
      };
      extend(file, view(list.subarray(place + 46 + name, place + 46 + name + extra)));
      const label = textOf(raw) ?? `\ufffd${hex(raw)}`;
      const plain = file.method === 0 && file.size === file.stored && !(file.flags & 1) && !label.endsWith("/");
      if (plain && textOf(raw) !== null && !this.files.has(label)) {
        this.files.set(label, file);
        total += file.size;
      } else this.odd.push(label);
      place = next;
    }
    if (place !== list.length) throw bad("its list is damaged");
    if (total > this.blob.size) throw bad("its files would have more bytes than it has");
    this.listAt = at;
  }

  /** Bytes of a file, or null where it is absent or is not what the list says. */
  async read(name) {
    const file = this.files.get(name);
    const max = name.split("/").slice(1, 3).join("/") === "tile/entries" ? BUNDLE_BYTES_MAX : OTHER_BYTES_MAX;
    if (file === undefined || file.size > max + 1) return null;
    const start = await bytesOf(this.blob, file.at, file.at + 30);
    if (start.length < 30 || view(start).getUint32(0, true) !== 0x04034b50) return null;
    const [named, extra] = [26, 28].map((offset) => view(start).getUint16(offset, true));
    const from = file.at + 30 + named + extra;
    if (from + file.size > this.listAt) return null;
    if (!same(await bytesOf(this.blob, file.at + 30, file.at + 30 + named), file.raw)) return null;
    const bytes = await bytesOf(this.blob, from, from + file.size);
    return bytes.length === file.size && crc32(bytes) === file.crc ? bytes : null;
  }
}

/** Sizes and places that do not fit into four bytes (APPNOTE 4.5.3). */
function extend(file, extra) {
  let at = 0;
  while (at + 4 <= extra.byteLength) {
    const length = extra.getUint16(at + 2, true);
    if (at + 4 + length > extra.byteLength) throw bad("its list is damaged");
    if (extra.getUint16(at, true) === 1) {
      let place = at + 4;
      for (const name of ["size", "stored", "at"]) {
        if (file[name] !== 0xffffffff) continue;
        if (place + 8 > at + 4 + length) throw bad("its list is damaged");
        file[name] = whole(extra.getBigUint64(place, true));
        place += 8;
      }
    }
    at += 4 + length;
  }
}

function folderOf(name) {
  return name.slice(0, name.indexOf("/"));
}
