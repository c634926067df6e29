// Signed checkpoints (log.md, "Note", "Checkpoint", "Cosignature") and the policy that says whose count.

import { Refused, bigEndian, fromBase64, hex, join, numberOf, same, sha256, textOf, utf8 } from "./bytes.js";
import { COSIGNATURE, ED25519, MLDSA44, isKeyName, noteKey, shortText, verifyNoteKey } from "./keys.js";

const NOTE_BYTES_MAX = 262_144;
const LINES_MAX = 64;
const POLICY_BYTES_MAX = 1_048_576;
const OF_A_KIND_MAX = 128;
const NUMBER_MAX = 2n ** 63n - 1n;
const PARTY = /^([^/\s+]{1,180}\/hotline\/[0-9a-f]{64})\/(0|[1-9][0-9]{0,5}|mirror)$/u;

/** A decimal number in its one spelling as BigInt, or null. */
function decimal(text) {
  if (!/^(?:0|[1-9][0-9]{0,18})$/.test(text)) return null;
  return BigInt(text) <= NUMBER_MAX ? BigInt(text) : null;
}

export function partyOf(name) {
  return PARTY.exec(name)?.[1] ?? null;
}

function parseNote(data) {
  const bad = (text) => new Refused("note-malformed", text);
  if (data.length > NOTE_BYTES_MAX) throw bad("a note over the limit");
  const whole = textOf(data);
  if (whole === null || /[\u0000-\u0009\u000b-\u001f\u007f]/.test(whole)) throw bad("a note that is not plain text");
  const cut = whole.lastIndexOf("\n\n");
  if (cut < 0 || !whole.endsWith("\n")) throw bad("a note needs a text, an empty line and signature lines");
  const rows = whole.slice(cut + 2, -1).split("\n");
  if (rows.length > LINES_MAX) throw bad("too many signature lines");
  const lines = rows.map((row) => {
    const [name, text, more] = row.startsWith("\u2014 ") ? row.slice(2).split(" ") : [];
    const blob = text === undefined || more !== undefined ? null : fromBase64(text);
    if (blob === null || blob.length < 5 || !isKeyName(name)) throw bad("a line that is not a dash, a name and base64");
    return { name, id: hex(blob.subarray(0, 4)), signature: blob.slice(4) };
  });
  const seen = new Set();
  for (const line of lines) {
    if (seen.has(`${line.name} ${line.id}`)) throw new Refused("note-line-doubled", "two signature lines of one key");
    seen.add(`${line.name} ${line.id}`);
  }
  return { text: whole.slice(0, cut + 1), lines };
}

function parseCheckpoint(text) {
  const bad = (why) => new Refused("checkpoint-malformed", why);
  const lines = text.slice(0, -1).split("\n");
  if (lines.length < 3) throw bad("a checkpoint has an origin, a size and a root");
  if (lines.length > 3) throw new Refused("checkpoint-extension", "lines after the root");
  const [origin, count, rootText] = lines;
  const size = decimal(count);
  const root = fromBase64(rootText);
  if (!isKeyName(origin) || size === null || root === null || root.length !== 32) throw bad("no checkpoint");
  if (size === 0n && !same(root, sha256(new Uint8Array()))) throw bad("a root over nothing that is not that of nothing");
  return { origin, size, root };
}

/** Time in milliseconds that a line states, null for none; throws where it does not verify. */
async function verifyLine(key, line, text, checkpoint) {
  const wrong = new Refused("line-bad-signature", "a line that does not verify");
  if (key.type === ED25519) {
    if (key.name !== checkpoint.origin) throw wrong;
    if (!(await verifyNoteKey(key, utf8(text), line.signature))) throw wrong;
    return null;
  }
  if (line.signature.length < 8) throw wrong;
  const seconds = numberOf(line.signature.subarray(0, 8));
  if (seconds < 1n || seconds > NUMBER_MAX) throw wrong;
  const message =
    key.type === COSIGNATURE
      ? utf8(`cosignature/v1\ntime ${seconds}\n${text}`)
      : join(
          utf8("subtree/v1\n"),
          new Uint8Array(1),
          shortText(key.name),
          bigEndian(seconds, 8),
          shortText(checkpoint.origin),
          bigEndian(0, 8),
          bigEndian(checkpoint.size, 8),
          checkpoint.root,
        );
  if (!(await verifyNoteKey(key, message, line.signature.subarray(8)))) throw wrong;
  return Number(seconds) * 1000;
}

// --- policy ---

function bad(text) {
  return new Refused("policy-malformed", text);
}

/** Read a policy (log.md, "Policy") and find the two parties in it ("A policy for two parties"). */
export function parsePolicy(data) {
  const text = data.length > POLICY_BYTES_MAX ? null : textOf(data);
  if (text === null || !text.endsWith("\n") || /[\u0000-\u0008\u000b-\u001f\u007f]/.test(text)) {
    throw bad("a policy is lines of UTF-8, each ended by a newline");
  }
  const policy = { logs: [], witnesses: [], groups: [], quorum: null };
  const defined = new Set(["none"]);
  const member = new Set();
  const define = (name) => {
    if (defined.has(name)) throw bad("one name for two things");
    defined.add(name);
  };
  for (const line of text.slice(0, -1).split("\n")) {
    const words = line.split(/[ \t]+/).filter((word) => word !== "");
    if (words.length === 0 || words[0].startsWith("#")) continue;
    if (Math.max(policy.logs.length, policy.witnesses.length, policy.groups.length) > OF_A_KIND_MAX) {
      throw bad("more lines of a kind than are read");
    }
    const [what, ...rest] = words;
    if (what === "log" && (rest.length === 1 || rest.length === 2)) policy.logs.push(policyKey(rest[0], [ED25519, MLDSA44]));
    else if (what === "witness" && (rest.length === 2 || rest.length === 3)) {
      policy.witnesses.push({ name: rest[0], key: policyKey(rest[1], [COSIGNATURE, MLDSA44]) });
      define(rest[0]);
    } else if (what === "group" && rest.length > 2) {
      const [name, asked, ...members] = rest;
      const threshold = asked === "all" ? members.length : asked === "any" ? 1 : Number(decimal(asked) ?? -1);
      if (!(threshold >= 1 && threshold <= members.length)) throw bad("a group that its members cannot fill");
      for (const one of members) {
        if (one === "none" || !defined.has(one) || member.has(one)) throw bad("a member that is not defined, or there twice");
        member.add(one);
      }
      policy.groups.push({ name, threshold, members });
      define(name);
    } else if (what === "quorum" && rest.length === 1 && policy.quorum === null) {
      if (!defined.has(rest[0])) throw bad("a quorum that is not defined");
      [policy.quorum] = rest;
    } else throw bad("not a line of a policy, or a second quorum");
  }
  if (policy.quorum === null) throw bad("a policy without its quorum line");
  return { ...policy, parties: twoParties(policy) };
}

function policyKey(vkey, types) {
  let key;
  try {
    key = noteKey(vkey);
  } catch {
    throw bad("a key that cannot be used");
  }
  if (!types.includes(key.type)) throw bad("a key of a type that has no place there");
  return key;
}

function twoParties({ logs, witnesses }) {
  const keys = [...logs, ...witnesses.map((one) => one.key)];
  if (new Set(keys.map((key) => hex(key.raw))).size !== keys.length) throw bad("one key in two roles");
  const parties = new Map();
  for (const key of logs) {
    const prefix = partyOf(key.name);
    if (prefix === null || key.name.endsWith("/mirror")) throw bad("a log is named <domain>/hotline/<id>/<epoch>");
    if (!parties.has(prefix)) parties.set(prefix, { prefix, logs: new Map(), mirror: [], label: null });
    const found = parties.get(prefix).logs;
    found.set(key.name, [...(found.get(key.name) ?? []), key]);
  }
  if (parties.size !== 2) throw bad("a line has two parties");
  for (const { name, key } of witnesses) {
    const prefix = partyOf(key.name);
    if (prefix === null) continue;
    if (!parties.has(prefix) || !key.name.endsWith("/mirror")) throw bad("a cosigner that is neither party's mirror");
    parties.get(prefix).mirror.push({ name, key });
  }
  const pair = (found, types) => {
    const sorted = [...found].sort((one, two) => one.type - two.type);
    if (sorted.length !== 2 || sorted.some((key, at) => key.type !== types[at])) {
      throw bad("a log or mirror is listed with one key of each of its two types");
    }
    return sorted;
  };
  return [...parties.values()].map((party) => ({
    prefix: party.prefix,
    logs: new Map([...party.logs].map(([origin, found]) => [origin, pair(found, [ED25519, MLDSA44])])),
    mirror: pair(party.mirror.map((one) => one.key), [COSIGNATURE, MLDSA44]),
    mirrorNames: party.mirror.map((one) => one.name),
    label: /^([A-Z]{2,4})-mirror-/.exec(party.mirror[0].name)?.[1] ?? party.prefix.split("/")[0],
  }));
}

function quorumMet(policy, names) {
  const have = new Set(names);
  for (const group of policy.groups) {
    if (group.members.filter((one) => have.has(one)).length >= group.threshold) have.add(group.name);
  }
  return policy.quorum === "none" || have.has(policy.quorum);
}

/** A signed checkpoint that its log and the other party's mirror signed with all keys (log.md, "Receipt", 3 to 6). */
export async function verifyHeld(data, policy) {
  const note = parseNote(data);
  const checkpoint = parseCheckpoint(note.text);
  const voice = policy.parties.find((party) => party.logs.has(checkpoint.origin));
  if (voice === undefined) throw new Refused("policy-log-unknown", "the policy does not list this log");
  const holder = policy.parties.find((party) => party !== voice);
  const name = (key) => `${key.name} ${key.id}`;
  const mirrors = new Set(policy.parties.flatMap((party) => party.mirror.map(name)));
  const present = new Set(note.lines.map(name));
  const third = policy.witnesses.filter((one) => present.has(name(one.key)) && !mirrors.has(name(one.key)));
  const unknown = new Refused("line-unknown", "a line of a key that does not belong here");
  if (voice.mirror.some((key) => present.has(name(key)))) throw unknown;
  const keys = [...voice.logs.get(checkpoint.origin), ...holder.mirror, ...third.map((one) => one.key)];
  const wanted = new Map(keys.map((key) => [name(key), key]));
  let heldAt = 0;
  for (const line of note.lines) {
    const key = wanted.get(name(line));
    if (key === undefined) {
      if (partyOf(line.name) !== null) throw unknown;
      continue;
    }
    wanted.delete(name(line));
    const time = await verifyLine(key, line, note.text, checkpoint);
    if (holder.mirror.includes(key)) heldAt = Math.max(heldAt, time);
  }
  if (wanted.size > 0) throw new Refused("line-missing", "a key that should have signed has no line");
  const cosigned = [...holder.mirrorNames, ...voice.mirrorNames, ...third.map((one) => one.name)];
  if (!quorumMet(policy, cosigned)) {
    throw new Refused("policy-quorum-missing", "the policy asks for witnesses that did not cosign");
  }
  return { checkpoint, voice, holder, heldAt, witnesses: third.map((one) => one.key.name) };
}

