// The agreement as far as the checks need it (agreement.md). Which text it is, is pinned by the names of the logs; that
// it is the one spelling of its terms is not checked here.

import { Refused, fromBase64, fromHex, hex, sha256, tagged, textOf, utf8 } from "./bytes.js";
import { FIRST_SUITE, SUITES, hybridKey } from "./keys.js";

const BYTES_MAX = 131_072;
const NEVER = new Set(["__proto__", "constructor", "prototype"]);

function bad(text) {
  return new Refused("bad-agreement", text);
}

/** Tables of the part of TOML that agreements are written in. */
export function parseTables(text) {
  let at = 0;
  const take = (pattern) => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found === null) throw bad(`no TOML of ours at character ${at}`);
    at = pattern.lastIndex;
    return found;
  };
  const value = () => {
    if (text[at] === '"') {
      const found = take(/"(?:[^"\\\u0000-\u001f]|\\(?:["\\bfnrt]|u[0-9a-fA-F]{4}))*"/y)[0];
      return JSON.parse(found);
    }
    if (text[at] === "[") {
      at += 1;
      const found = [];
      for (;;) {
        take(BLANK);
        if (text[at] === "]") break;
        found.push(value());
        take(BLANK);
        if (text[at] !== ",") break;
        at += 1;
      }
      take(/\]/y);
      return found;
    }
    const word = take(/[0-9A-Za-z:.+-]+/y)[0];
    if (word === "true" || word === "false") return word === "true";
    if (/^(?:0|[1-9][0-9]{0,15})$/.test(word)) return Number(word);
    if (/^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9:.]+Z)?$/.test(word)) return { date: word };
    throw bad(`no value of ours: ${word}`);
  };
  const top = {};
  let table = top;
  take(BLANK);
  while (at < text.length) {
    if (text[at] === "[") {
      const [, open, names] = take(/(\[\[?)([a-z0-9_.]+)\]\]?[ ]*(?:#[^\n]*)?\n/y);
      table = enter(top, names.split("."), open === "[[");
    } else {
      const name = take(/[a-z0-9_]+/y)[0];
      take(/ = /y);
      if (NEVER.has(name) || Object.hasOwn(table, name)) throw bad(`${name} is there twice`);
      table[name] = value();
      take(/[ ]*(?:#[^\n]*)?\n/y);
    }
    take(BLANK);
  }
  return top;
}

const BLANK = /(?:[ \n]|#[^\n]*\n)*/y;

function enter(top, names, many) {
  if (names.length > 4 || names.some((name) => NEVER.has(name) || name === "")) throw bad("a table of another name");
  let table = top;
  names.forEach((name, depth) => {
    const last = depth === names.length - 1;
    const there = Object.hasOwn(table, name) ? table[name] : undefined;
    if (last && many) {
      if (there !== undefined && !Array.isArray(there)) throw bad("a table that is there in two ways");
      table[name] = [...(there ?? []), {}];
      table = table[name].at(-1);
    } else if (last && there !== undefined) throw bad("a table that is there twice");
    else {
      const next = Array.isArray(there) ? there.at(-1) : (there ?? {});
      if (there === undefined) table[name] = next;
      if (typeof next !== "object" || next === null) throw bad("a table in a value");
      table = next;
    }
  });
  return table;
}

const isText = (value) => typeof value === "string";
const texts = (value) => Array.isArray(value) && value.every(isText);

function need(holds, what) {
  if (!holds) throw bad(`its ${what} cannot stand`);
}

/** The agreement that founds a channel. */
export function parseAgreement(data) {
  const text = data.length > BYTES_MAX ? null : textOf(data);
  if (text === null || !text.endsWith("\n")) throw bad("too long, or no text");
  const found = parseTables(text);
  need(found.format === 1 || found.format === 2, "format");
  need(found.founding === undefined && found.amends === undefined, "founding");
  const suite = found.suite ?? FIRST_SUITE;
  need(SUITES.has(suite), "suite");
  const catalogue = isText(found.catalogue?.digest) ? fromHex(found.catalogue.digest, 32) : null;
  need(catalogue !== null, "catalogue");
  need(Array.isArray(found.party) && found.party.length === 2, "parties");
  const digest = sha256(data);
  const parties = found.party.map((one) => readParty(one, suite, digest));
  need(parties[0].short < parties[1].short && parties[0].domain !== parties[1].domain, "parties");
  const keys = parties.flatMap((party) => party.roots.flatMap((root) => root.halves.map(hex)));
  need(new Set(keys).size === keys.length, "root keys");
  const rules = (found.authority ?? []).map(readRule);
  need(rules.length <= 64, "authority");
  need(found.review_date?.date !== undefined, "review_date");
  const sunset = found.sunset_date === undefined ? null : Date.parse(`${found.sunset_date.date}T00:00:00Z`);
  need(sunset === null || Number.isFinite(sunset), "sunset_date");
  const emergency = found.emergency ?? null;
  need(emergency === null || (texts(emergency.kinds) && isText(emergency.needs)), "emergency");
  const passkeys = found.passkeys ?? null;
  need(passkeys === null || (Number.isInteger(passkeys.severity_at_most) && Number.isInteger(passkeys.slots_at_most)), "passkeys");
  const admins = found.rosters?.admins ?? 2;
  need(Number.isInteger(admins), "rosters");
  return {
    digest,
    channel: tagged("channel", digest),
    title: String(found.title ?? ""),
    demonstration: found.purpose === "demonstration",
    reviewDate: found.review_date.date,
    suite,
    catalogue,
    parties,
    rules,
    sunset,
    emergency: emergency && { kinds: emergency.kinds, needs: emergency.needs.split("/") },
    passkeys,
    admins,
  };
}

function readParty(one, suite, digest) {
  need(isText(one.short) && /^[A-Z]{2,4}$/.test(one.short) && isText(one.domain) && texts(one.root_keys), "party");
  const raw = one.root_keys.map(fromBase64);
  need(raw.length >= 1 && raw.length <= 9 && raw.every((key) => key !== null), "root keys");
  const threshold = one.root_threshold;
  need(Number.isInteger(threshold) && threshold >= 1 && threshold <= raw.length, "root threshold");
  const id = hex(tagged("log", digest, utf8(one.short)));
  const roots = raw.map((key) => hybridKey(key, suite));
  return { short: one.short, name: String(one.name ?? ""), domain: one.domain, threshold, roots, rootTexts: one.root_keys, prefix: `${one.domain}/hotline/${id}` };
}

function readRule(one) {
  const good =
    texts(one.kinds) &&
    texts(one.needs) &&
    one.needs.length >= 1 &&
    one.needs.length <= 6 &&
    (one.severity_at_least === undefined || Number.isInteger(one.severity_at_least)) &&
    (one.precedences === undefined || texts(one.precedences));
  need(good, "authority");
  return {
    kinds: one.kinds,
    severity: one.severity_at_least ?? null,
    precedences: one.precedences ?? [],
    template: one.template === true,
    needs: one.needs.map((slot) => slot.split("/")),
  };
}

// --- authority (docket.md, "Authority") ---

const ENDS = new Set(["succession", "agreement-withdraw"]);

/** Slots that a statement needs. */
export function slotsNeeded(agreement, kind, one) {
  const facts = one.facts ?? new Map();
  const ends = ENDS.has(kind.name);
  const emergency = facts.get("emergency") === true;
  if (emergency) {
    const clause = agreement.emergency;
    const named = clause !== null && (clause.kinds.includes(kind.name) || (!ends && clause.kinds[0] === "*"));
    return named && !kind.document ? [clause.needs] : [["emergency"]];
  }
  const templated = facts.has("template") && facts.get("free") !== true;
  const rule = agreement.rules.find(
    (each) =>
      (templated || !each.template) &&
      (each.kinds.includes(kind.name) || (!ends && each.kinds[0] === "*")) &&
      (each.severity === null || (one.severity !== null && one.severity >= each.severity)) &&
      (each.precedences.length === 0 || each.precedences.includes(one.precedence)),
  );
  return rule?.needs ?? kind.authority.map((slot) => slot.split("/"));
}

/** Whether a passkey's signature counts for a statement. */
export function passkeysCount(agreement, kind, one, needs) {
  const terms = agreement.passkeys;
  if (terms === null || kind.document || one.facts?.get("emergency") === true) return false;
  return (one.severity === null || one.severity <= terms.severity_at_most) && needs.length <= terms.slots_at_most;
}

/** Slots that stay empty when as many as possible are filled, each by another person. */
export function missingSlots(needs, signers) {
  const taken = new Map();
  const seat = (slot, tried) => {
    for (const [person, role] of signers) {
      if (!needs[slot].includes(role) || tried.has(person)) continue;
      tried.add(person);
      if (!taken.has(person) || seat(taken.get(person), tried)) {
        taken.set(person, slot);
        return true;
      }
    }
    return false;
  };
  needs.forEach((_, slot) => seat(slot, new Set()));
  const filled = new Set(taken.values());
  return needs.filter((_, slot) => !filled.has(slot)).map((slot) => slot.join("/"));
}
