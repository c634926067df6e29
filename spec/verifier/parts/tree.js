// Merkle trees (log.md, "Tree"): the hashes of one log at every level, and its root at any size.

import { join, sha256 } from "./bytes.js";

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

export function leafHash(entry) {
  return sha256(join(LEAF, entry));
}

export function nodeHash(left, right) {
  return sha256(join(NODE, left, right));
}

/** Complete subtrees of leaves that come one by one. */
export class Tree {
  constructor() {
    this.levels = [];
    this.size = 0;
    this.known = new Map();
  }

  add(leaf) {
    let hash = leaf;
    for (let level = 0; ; level += 1) {
      (this.levels[level] ??= []).push(hash);
      const row = this.levels[level];
      if (row.length % 2 === 1) break;
      hash = nodeHash(row[row.length - 2], row[row.length - 1]);
    }
    this.size += 1;
  }

  leaf(index) {
    return this.levels[0][index];
  }

  /** Hash of a complete subtree: over 2**level leaves from index * 2**level on. */
  node(level, index) {
    return this.levels[level][index];
  }

  /** Root over the first `size` leaves. */
  root(size) {
    if (size === 0) return sha256(new Uint8Array());
    const found = this.known.get(size);
    if (found !== undefined) return found;
    let root = null;
    let end = size;
    for (let level = 0; end > 0; level += 1, end = Math.floor(end / 2)) {
      if (end % 2 === 0) continue;
      const part = this.node(level, end - 1);
      root = root === null ? part : nodeHash(part, root);
    }
    if (this.known.size > 4096) this.known.clear();
    this.known.set(size, root);
    return root;
  }
}
