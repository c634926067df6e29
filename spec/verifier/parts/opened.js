// Opened fields of a pack for an audience (audit.md, "Packs"; statement-and-entry.md, "Commitments"): each against the
// commitment in the signed header. Whether a rule opened it to them is not looked at.

import { Refused, hex, same, tagged, textOf } from "./bytes.js";
import { decode } from "./msgpack.js";

const AUDIENCES = ["auditor", "partners", "community", "public"];
const CONTENTS_BYTES_MAX = 131_072 - 4;
const TIME_MAX = 253_402_300_799_999;
const PLACE = /^disclosed\/([A-Z]{2,4})\/(0|[1-9][0-9]{0,14})$/;
const LISTED_MAX = 1_000;

/** What a pack says that it opens: the audience, the time, and files by serial; null where it is for no audience. */
export async function readOpened(pack) {
  let head = null;
  try {
    head = JSON.parse(textOf((await pack.read("pack.json")) ?? new Uint8Array()) ?? "");
  } catch {
    return null;
  }
  if (typeof head !== "object" || head === null || Array.isArray(head) || (head.audience ?? null) === null) return null;
  const { audience, thread = null, disclosed_at_ms: at } = head;
  const timed = Number.isInteger(at) && at >= 0 && at <= TIME_MAX;
  const chosen = thread === null || (typeof thread === "string" && /^[0-9a-f]{64}$/.test(thread));
  if (!AUDIENCES.includes(audience) || !timed || !chosen) {
    throw new Refused("pack-malformed", "pack.json does not say to whom fields are opened");
  }
  const opened = { audience, at, files: new Set(), fields: new Map(), listed: [], count: 0, statements: 0 };
  for (const name of pack.files.keys()) {
    const found = PLACE.exec(name);
    // Read again when its statement is there: what a pack opens may be more than fits into memory.
    if (found === null || (await pack.read(name)) === null) continue;
    opened.files.add(name);
    opened.fields.set(`${found[1]} ${found[2]}`, name);
  }
  return opened;
}

/** Opened fields of one statement as [name, value]; throws where they are not what its header committed to. */
export function openFields(data, kind, statement) {
  const rows = decode(data, 2 * CONTENTS_BYTES_MAX);
  const bad = new Refused("disclosure-false");
  if (!Array.isArray(rows)) throw bad;
  const found = new Map();
  for (const row of rows) {
    const parts = row instanceof Uint8Array ? decode(row, CONTENTS_BYTES_MAX) : null;
    if (!Array.isArray(parts) || parts.length !== 3) throw bad;
    const [name, salt, value] = parts;
    const place = kind.fields.indexOf(name);
    if (place < 0 || found.has(name) || !(salt instanceof Uint8Array) || salt.length !== 32) throw bad;
    const commitment = tagged("field", statement.channel, statement.id, row);
    const places = statement.commitments.flatMap((one, at) => (same(one, commitment) ? [at] : []));
    if (places.length !== 1 || places[0] !== place) throw bad;
    found.set(name, value);
  }
  return found;
}

/** Take in a verdict: what is opened of it, where anything is. Gives whether it is what was said. */
export async function takeOpened(pack, opened, serial, { kind, statement, effective }) {
  const name = opened.fields.get(serial);
  const counts = effective && kind !== null && !kind.machine && kind.fields.length > 0;
  if (name === undefined || !counts) return true;
  opened.fields.delete(serial);
  try {
    for (const [field, value] of openFields((await pack.read(name)) ?? new Uint8Array(), kind, statement)) {
      opened.count += 1;
      if (opened.listed.length < LISTED_MAX) opened.listed.push([serial, kind.name, field, plain(value)]);
    }
    opened.statements += 1;
    return true;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return false;
  }
}

/** A value as text for people. */
function plain(value) {
  if (value === null) return "(nothing was said)";
  return typeof value === "string" ? value : JSON.stringify(asJson(value), null, 1);
}

function asJson(value) {
  if (value instanceof Uint8Array) return hex(value);
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return value.map(asJson);
  if (!(value instanceof Map)) return value;
  return Object.fromEntries([...value].map(([name, one]) => [name === "__proto__" ? "(__proto__)" : name, asJson(one)]));
}
