// One exported log (audit.md, steps 2 and 4): its files, its tree against the signed root, its entries and documents.

import { Refused, compare, fromHex, hex, same, sha256 } from "./bytes.js";
import { Tree, leafHash, nodeHash } from "./tree.js";

const WIDTH = 256;
const LOST_MAX = 256;
const ENDINGS = new Map([
  ["agreement", "toml"], ["agreement-amend", "toml"], ["agreement-countersign", "toml"],
  ["roster", "toml"], ["root-set", "toml"], ["succession", "txt"],
]);

/** Path of a tile, or of a bundle where `level` is "entries". */
export function tilePath(level, index, width) {
  const digits = String(index);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, "0").match(/.{3}/g);
  const place = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join("/");
  return `tile/${level}/${place}${width === WIDTH ? "" : `.p/${width}`}`;
}

/** Entries of a bundle, or null. */
export function parseBundle(data, width) {
  const entries = [];
  let at = 0;
  while (at < data.length) {
    const end = at + 2 + ((data[at] << 8) | data[at + 1]);
    if (entries.length === width || at + 2 > data.length || end > data.length) return null;
    entries.push(data.subarray(at + 2, end));
    at = end;
  }
  return entries.length === width ? entries : null;
}

function subtree(hashes) {
  let row = hashes;
  while (row.length > 1) row = row.filter((_, at) => at % 2 === 0).map((left, at) => nodeHash(left, row[2 * at + 1]));
  return row[0];
}

export class ExportedLog {
  /** `files` reads the pack; `folder` is the voice's; `report` takes findings. */
  constructor(pack, folder, held, report) {
    Object.assign(this, { pack, folder, held, report, short: held.voice.label, readable: true });
    this.size = Number(held.checkpoint.size);
    this.documents = new Map();
    this.tree = new Tree();
  }

  where(name, index) {
    return `${this.folder}/${name}${index === undefined ? "" : `, ${this.short} ${index}`}`;
  }

  read(name) {
    return this.pack.read(`${this.folder}/${name}`);
  }

  names(list) {
    const start = `${this.folder}/`;
    return [...list].filter((name) => name.startsWith(start)).map((name) => name.slice(start.length));
  }

  /** Step 2: exactly the files of a log of this size. */
  checkFiles() {
    for (const name of this.names(this.pack.odd)) {
      this.report.add("file-unexpected", "refuted", this.where(name), "no plain file of an export");
    }
    for (const name of this.names(this.pack.files.keys()).sort()) {
      const found = /^([a-z-]+)\/([0-9a-f]{64})\.(toml|txt)$/.exec(name);
      if (found !== null && ENDINGS.get(found[1]) === found[3]) this.documents.set(found[2], name);
      else if (name !== "checkpoint" && name !== "policy" && !this.has(name)) {
        this.report.add("file-unexpected", "refuted", this.where(name), "an export of this size has no such file");
      }
    }
  }

  has(name) {
    const found = /^tile\/(entries|0|[1-9][0-9]?)\/((?:x[0-9]{3}\/)*[0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/.exec(name);
    if (found === null || name.length > 64) return false;
    const [, level, place, part] = found;
    const [index, width] = [Number(place.replace(/[x/]/g, "")), part === undefined ? WIDTH : Number(part)];
    const hashes = Math.floor(this.size / WIDTH ** (level === "entries" ? 0 : Number(level)));
    return tilePath(level, index, width) === name && width === Math.min(WIDTH, hashes - index * WIDTH);
  }

  // --- tree ---

  /** Step 4: entries and hashes of every level against the signed root. */
  async checkTree(progress) {
    const fromEntries = new Tree();
    const fromTiles = new Tree();
    const doubts = [];
    let [lost, entriesWhole, tilesWhole] = [0, true, true];
    for (let start = 0; start < this.size; start += WIDTH) {
      const width = Math.min(WIDTH, this.size - start);
      const tile = await this.readTile(0, start / WIDTH, width);
      const leaves = await this.readLeaves(start, width, tile, doubts);
      if (leaves === null) {
        lost += 1;
        entriesWhole = false;
        this.readable = false;
        if (lost > LOST_MAX) {
          const text = `${lost} bundles of entries are absent or damaged; the rest of the tree was not looked at`;
          this.report.add("tile-missing", "unchecked", this.where(tilePath("entries", start / WIDTH, width)), text);
          return;
        }
      }
      for (const leaf of entriesWhole ? leaves : []) fromEntries.add(leaf);
      const best = tile ?? leaves;
      if (best === null) tilesWhole = false;
      for (const leaf of tilesWhole ? best : []) fromTiles.add(leaf);
      progress(start + width, this.size);
    }
    const root = this.held.checkpoint.root;
    const entriesGood = entriesWhole && same(fromEntries.root(this.size), root);
    const tilesGood = tilesWhole && same(fromTiles.root(this.size), root);
    for (const [bundle, tile, index] of doubts) {
      if (entriesGood) {
        const text = "the hash in the tile is not that of the entry, and the entry is the one signed";
        this.report.add("tile-differs", "refuted", this.where(tile, index), text);
      } else {
        const text = tilesGood ? "the entry is not the one signed" : "the entry and its hash in the tile differ";
        this.report.add("entry-differs", "refuted", this.where(bundle, index), text);
      }
    }
    if (!entriesWhole && !tilesWhole) return;
    const chosen = entriesGood || !tilesGood && entriesWhole ? fromEntries : fromTiles;
    if (doubts.length === 0 && !same(chosen.root(this.size), root)) {
      const text = `the ${this.size} entries give another root than the one signed`;
      this.report.add("tile-differs", "refuted", this.where("checkpoint"), text);
    }
    this.readable &&= entriesGood;
    this.tree = chosen;
    await this.checkUpper();
  }

  async readTile(level, index, width) {
    const name = tilePath(level, index, width);
    const data = await this.read(name);
    if (data === null) {
      this.report.add("tile-missing", "unchecked", this.where(name), "the file is absent");
      return null;
    }
    if (data.length !== 32 * width) {
      const place = this.where(name, index * WIDTH ** (level + 1));
      this.report.add("tile-differs", "refuted", place, `${data.length} bytes where ${width} hashes belong`);
      return null;
    }
    return Array.from({ length: width }, (_, at) => data.slice(32 * at, 32 * at + 32));
  }

  async readLeaves(start, width, tile, doubts) {
    const name = tilePath("entries", start / WIDTH, width);
    const data = await this.read(name);
    if (data === null) {
      this.report.add("tile-missing", "unchecked", this.where(name), "the file is absent");
      return null;
    }
    const entries = parseBundle(data, width);
    if (entries === null) {
      const first = start + firstBad(data, tile ?? []);
      this.report.add("entry-differs", "refuted", this.where(name, first), "a bundle that does not hold its entries");
      return null;
    }
    const leaves = entries.map(leafHash);
    for (let at = 0; at < (tile ?? []).length; at += 1) {
      if (!same(leaves[at], tile[at])) doubts.push([name, tilePath(0, start / WIDTH, width), start + at]);
    }
    return leaves;
  }

  async checkUpper() {
    let row = this.size;
    for (let level = 1; row >= WIDTH; level += 1) {
      row = Math.floor(row / WIDTH);
      for (let start = 0; start < row; start += WIDTH) {
        const width = Math.min(WIDTH, row - start);
        const found = await this.readTile(level, start / WIDTH, width);
        const wrong = (found ?? []).findIndex((hash, at) => compare(hash, this.tree.node(8 * level, start + at)) !== 0);
        if (found === null || wrong < 0) continue;
        const first = (start + wrong) * WIDTH ** level;
        const text = `the hash over the entries from ${first} on is not what the tiles below give`;
        this.report.add("tile-differs", "refuted", this.where(tilePath(level, start / WIDTH, width), first), text);
      }
    }
  }

  // --- reading ---

  /** One entry, hashed again where the tree is known; null where it cannot be had. */
  async entry(index) {
    if (index >= this.size) return null;
    const start = index - (index % WIDTH);
    if (this.bundle?.start !== start) {
      const width = Math.min(WIDTH, this.size - start);
      const name = tilePath("entries", start / WIDTH, width);
      const data = await this.read(name);
      const entries = data === null ? null : parseBundle(data, width);
      if (this.readable) {
        if (data === null) throw new Refused("tile-missing", this.where(name));
        const good = entries !== null && entries.every((one, at) => same(leafHash(one), this.tree.leaf(start + at)));
        if (!good) throw new Refused("entry-differs", this.where(name));
      }
      this.bundle = { start, entries };
    }
    return this.bundle.entries?.[index - start] ?? null;
  }

  /** The text that lies under a digest, right or wrong, or null. */
  async document(digest) {
    const name = this.documents.get(hex(digest));
    return name === undefined ? null : this.read(name);
  }

  /** Document files that do not hold what they are named after. */
  async badDocuments() {
    const found = [];
    for (const [name, path] of this.documents) {
      const data = await this.read(path);
      if (data === null || !same(sha256(data), fromHex(name, 32))) found.push([name, path]);
    }
    return found;
  }
}

function firstBad(data, tile) {
  let [at, number] = [0, 0];
  while (number < tile.length && at + 2 <= data.length) {
    const end = at + 2 + ((data[at] << 8) | data[at + 1]);
    if (end > data.length || !same(leafHash(data.subarray(at + 2, end)), tile[number])) break;
    at = end;
    number += 1;
  }
  return number;
}
