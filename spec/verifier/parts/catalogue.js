// The catalogues that this page knows (catalogue.md), by digest: a table made from their files when the page was made.

const TABLE = JSON.parse("@kinds.json@");

/** A catalogue by its digest in hexadecimal, or null. */
export function catalogueOf(digest) {
  const found = Object.hasOwn(TABLE, digest) ? TABLE[digest] : null;
  if (found === null) return null;
  const kinds = Object.entries(found.kinds).map(([name, kind]) => [name, { ...kind, name }]);
  return { version: found.version, vectors: found.vectors, kinds: new Map(kinds) };
}
