// Entries and statements (statement-and-entry.md): their shapes, and what a signature is over.

import { Refused, sha256 } from "./bytes.js";
import { decode, encode } from "./msgpack.js";

const ENTRY_BYTES_MAX = 65_535;
const STATEMENT_BYTES_MAX = 16_384;
const BODY_BYTES_MAX = 131_072 + 8 * (1_713 + 64) + 64;
const TIME_MAX = 253_402_300_799_999;
const SIZE_MAX = 2n ** 63n - 1n;

const octets = (length) => (value) => value instanceof Uint8Array && value.length === length;
const matching = (pattern) => (value) => typeof value === "string" && value.length <= 40 && pattern.test(value);
const maybe = (check) => (value) => value === null || check(value);
const oneOf = (...words) => (value) => words.includes(value);
const isInteger = (value) => typeof value === "bigint" || (typeof value === "number" && Number.isInteger(value));
const time = (value) => typeof value === "number" && value >= 0 && value <= TIME_MAX;
const hash = octets(32);
const token = matching(/^[a-z][a-z0-9]*(?:[-+][a-z0-9]+)*$/);
const logState = (value) =>
  Array.isArray(value) && value.length === 2 && isInteger(value[0]) && value[0] >= 0 && value[0] <= SIZE_MAX && hash(value[1]);

const FIELDS = new Map([
  ["after", logState],
  ["agreement", hash],
  ["aware_at_ms", maybe(time)],
  ["body_digest", maybe(hash)],
  ["body_length", maybe(octets(4))],
  ["catalogue", hash],
  ["channel", hash],
  ["commitments", (value) => Array.isArray(value) && value.length <= 256 && value.every(hash)],
  ["facts", maybe((value) => value instanceof Map)],
  ["id", octets(16)],
  ["in_reply_to", maybe(hash)],
  ["issued_at_ms", time],
  ["kind", token],
  ["language", matching(/^[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|[0-9]{3}))?$/)],
  ["opener", maybe(hash)],
  ["outcome", maybe(token)],
  ["party", matching(/^[A-Z]{2,4}$/)],
  ["precedence", oneOf("flash", "immediate", "priority", "routine")],
  ["release_by_ms", maybe(time)],
  ["respond_by_ms", maybe(time)],
  ["seen", logState],
  ["severity", maybe(oneOf(0, 1, 2, 3, 4, 5))],
  ["status", oneOf("actual", "exercise", "test", "system")],
  ["thread", maybe(hash)],
  ["valid_until_ms", maybe(time)],
]);

const SIGNER = /^(?:node|(?:root|person)\/[1-9][0-9]{0,5})$/;

/** An entry; throws `malformed`, `second-spelling` or `not-understood`. */
export function parseEntry(data) {
  const value = canonical(data, ENTRY_BYTES_MAX);
  const signature = (row) =>
    Array.isArray(row) &&
    row.length === 4 &&
    matching(SIGNER)(row[0]) &&
    token(row[1]) &&
    token(row[2]) &&
    row[3] instanceof Uint8Array &&
    row[3].length >= 1 &&
    row[3].length <= 8192;
  const good =
    Array.isArray(value) &&
    value.length === 5 &&
    value[0] === 1 &&
    value[1] instanceof Uint8Array &&
    value[1].length >= 1 &&
    value[1].length <= STATEMENT_BYTES_MAX &&
    Array.isArray(value[2]) &&
    value[2].length <= 16 &&
    value[2].every(signature) &&
    time(value[3]) &&
    logState(value[4]);
  if (!good) throw new Refused(Array.isArray(value) && isInteger(value[0]) && value[0] !== 1 ? "not-understood" : "malformed");
  const [, statement, rows, loggedAt, [size, root]] = value;
  const signatures = rows.map(([signer, role, algorithm, signed]) => {
    const [what, number] = signer.split("/");
    return { signer, what, number: Number(number ?? 0), role, algorithm, value: signed };
  });
  if (new Set(rows.map(([signer, role]) => `${signer} ${role}`)).size !== rows.length) throw new Refused("malformed");
  return { statement, signatures, loggedAt, held: { size, root } };
}

/** A statement; throws likewise. */
export function parseStatement(data) {
  const header = canonical(data, STATEMENT_BYTES_MAX);
  if (!(header instanceof Map)) throw new Refused("malformed");
  if ([...FIELDS.keys()].some((name) => !header.has(name))) throw new Refused("malformed");
  if (header.size > FIELDS.size) throw new Refused("not-understood");
  for (const [name, check] of FIELDS) if (!check(header.get(name))) throw new Refused("malformed");
  const found = Object.fromEntries(header);
  const length = found.body_length?.reduce((sum, byte) => sum * 256 + byte, 0) ?? null;
  const fits =
    (found.body_digest === null) === (length === null) &&
    (length === null || (length >= 1 && length <= BODY_BYTES_MAX)) &&
    (found.body_digest !== null || (found.commitments.length === 0 && found.opener === null)) &&
    (found.commitments.length === 0 || found.opener !== null);
  if (!fits) throw new Refused("malformed");
  const state = ([size, root]) => ({ size, root });
  return { ...found, body_length: length, after: state(found.after), seen: state(found.seen) };
}

function canonical(data, bytesMax) {
  try {
    return decode(data, bytesMax);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    throw new Refused(["second-spelling", "unsorted-keys"].includes(error.code) ? "second-spelling" : "malformed");
  }
}

/** What a signer signs. */
export function signedMessage(statement, signature) {
  return encode([sha256(statement), signature.signer, signature.role]);
}

// --- facts (catalogue.md, "Facts") ---

const isNumber = (value) => isInteger(value) && value < 2n ** 63n;
const FACTS = {
  uint: (value) => isNumber(value) && value >= 0,
  int: isNumber,
  hash,
  hashes: (value) =>
    Array.isArray(value) && value.length >= 1 && value.length <= 64 && value.every(hash) &&
    new Set(value.map(String)).size === value.length,
  code: matching(/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/),
  party: matching(/^[A-Z]{2,4}$/),
  flag: (value) => value === true,
  time,
};

const typeIs = (type, value) => FACTS[type.replace("?", "")]?.(value) ?? false;

/** Whether the facts of a statement are those of its kind. */
export function factsFit(kind, facts) {
  const schema = Object.entries(kind.facts);
  if (kind.machine) {
    const known = (name, type) => facts.has(name) && (facts.get(name) === null ? type.endsWith("?") : typeIs(type, facts.get(name)));
    return facts !== null && facts.size === schema.length && schema.every(([name, type]) => known(name, type));
  }
  if (facts === null) return schema.every(([, type]) => type.endsWith("?"));
  const types = new Map([...Object.entries(kind.common), ...schema]);
  return (
    facts.size > 0 &&
    schema.every(([name, type]) => type.endsWith("?") || facts.has(name)) &&
    [...facts].every(([name, value]) => types.has(name) && typeIs(types.get(name), value))
  );
}

/** Whether a header has what its kind asks for (docket.md, "Verdicts", step 4). */
export function headerFits(kind, one) {
  const needed = { r: (value) => value !== null, n: (value) => value === null, o: () => true };
  const pairs = [
    [kind.reply, one.in_reply_to],
    [kind.severity, one.severity],
    [kind.aware, one.aware_at_ms],
    [kind.respond, one.respond_by_ms],
    [kind.until, one.valid_until_ms],
  ];
  const thread = one.thread === null ? kind.opens || kind.machine : kind.continues;
  const outcome = kind.outcomes.length > 0 ? kind.outcomes.includes(one.outcome) : one.outcome === null;
  const fits = thread && outcome && one.commitments.length === kind.fields.length && pairs.every(([need, value]) => needed[need](value));
  if (!fits) return false;
  if (kind.machine) return one.body_digest === null;
  return one.facts === null || Object.keys(kind.facts).length > 0 || Object.keys(kind.common).length > 0;
}
