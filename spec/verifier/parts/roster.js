// Rosters (keys-and-rosters.md, "Roster"): the one text of each, and whether one may follow another.

import { asciiOf, bigEndian, fromBase64, hex, join, same, sha256, utf8 } from "./bytes.js";
import { FIRST_SUITE, SUITES, hybridKey, isEd25519, keyId, sealingKeyId } from "./keys.js";
import { Lines, need } from "./lines.js";
import { ALGORITHM, coseKey, isPasskeyKey } from "./passkey.js";

const BYTES_MAX = 131_072;
const ROLES = ["duty", "release", "senior", "legal", "technical", "admin"];
const REVOKED_JOBS = ["officer", "node", "mirror", "sealing", "tls"];
const REASONS = ["lost", "stolen", "suspected", "algorithm", "person-left", "other"];
const SPKI = "302a300506032b6570032100";
const DOMAIN = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

const validity = (from, until) => need(from < until, "a validity that is empty");

export async function parseRoster(data) {
  const text = data.length > BYTES_MAX ? null : asciiOf(data);
  need(text !== null && text.endsWith("\n"), "no text of a roster");
  const lines = new Lines(text);
  const comment = /^# The keys of ([A-Z]{2,4}) on one channel\. The roots of ([A-Z]{2,4}) sign this exact text\.$/.exec(lines.lines[0]);
  need(comment !== null, "line 1 is another than it should be");
  lines.at = 1;
  const format = lines.string("format");
  const named = lines.lines[lines.at]?.startsWith("suite = ") ? lines.string("suite") : null;
  const suite = named ?? FIRST_SUITE;
  need(SUITES.has(suite) && named !== FIRST_SUITE, "it is of another suite");
  const roster = { text: data, suite, party: lines.string("party"), channel: lines.hash("channel"), version: lines.integer("version") };
  need(comment[1] === roster.party && comment[2] === roster.party, "its comment names another party");
  need(roster.version >= 1 && roster.version <= 1_000_000, "no version");
  roster.validFrom = lines.instant("valid_from");
  roster.validUntil = lines.instant("valid_until");
  validity(roster.validFrom, roster.validUntil);
  roster.previous = roster.version === 1 ? null : lines.hash("previous");
  lines.next("");
  lines.next("[node]");
  const hybrid = (job) => (raw) => ({ ...hybridKey(raw, suite), id: keyId(suite, job, raw) });
  roster.node = lines.commented("key id", "key", hybrid("node"));
  lines.next("");
  lines.next("[log]");
  roster.epoch = lines.integer("epoch");
  roster.log = lines.pair();
  lines.next("");
  lines.next("[mirror]");
  roster.mirror = lines.pair();
  lines.next("");
  lines.next("[sealing]");
  roster.sealing = lines.commented("key id", "key", (raw) => {
    need(raw.length === SUITES.get(suite).sealing, "a sealing key that is refused");
    return { raw, id: sealingKeyId(suite, raw) };
  });
  roster.tls = [];
  while (lines.follows("", "[[tls]]")) {
    lines.at += 2;
    roster.tls.push(lines.commented("pin", "certificate", readCertificate));
  }
  need(roster.tls.length >= 1 && roster.tls.length <= 2, "a roster has one certificate or two");
  lines.next("");
  lines.next("[next_log]");
  roster.nextEpoch = lines.integer("epoch");
  roster.nextLog = lines.pair();
  need(roster.epoch < 999_999 + 1 && roster.nextEpoch === roster.epoch + 1, "no epoch");
  roster.people = [];
  while (lines.follows("", "[[person]]")) roster.people.push(await readPerson(lines, hybrid("officer")));
  need(roster.people.length <= SUITES.get(suite).people, "more persons than a roster has");
  need(roster.people.every((one, at) => at === 0 || roster.people[at - 1].number < one.number), "persons out of order");
  roster.revoked = [];
  while (lines.follows("", "[[revoked]]")) roster.revoked.push(readRevoked(lines));
  need(lines.at === lines.lines.length, "more lines than were expected");
  const second = suite !== FIRST_SUITE || roster.revoked.length > 0 || roster.people.some((one) => one.key === null || one.passkeys.length > 0);
  need(format === `hotline/${second ? 2 : 1}/roster`, "it is of another format");
  checkJobs(roster);
  return roster;
}

function readCertificate(der) {
  const at = hex(der).indexOf(SPKI);
  need(der.length <= 1024 && at >= 0 && at % 2 === 0, "a certificate that is refused");
  const spki = der.slice(at / 2, at / 2 + 44);
  need(isEd25519(spki.subarray(12)), "a certificate of a key that is refused");
  return { raw: der, id: sha256(spki), key: hex(spki.subarray(12)) };
}

async function readPerson(lines, hybrid) {
  const start = lines.at;
  lines.at += 2;
  const number = lines.integer("number");
  const roles = lines.value("roles", /^\["([a-z]+(?:", "[a-z]+)*)"\]$/).split('", "');
  const validFrom = lines.instant("valid_from");
  const validUntil = lines.instant("valid_until");
  validity(validFrom, validUntil);
  need(number >= 1 && number <= 65_535, "no number of a person");
  need(same(roles, ROLES.filter((role) => roles.includes(role))), "roles that are unknown or out of order");
  const key = lines.lines[lines.at]?.startsWith("# key id ") ? lines.commented("key id", "key", hybrid) : null;
  const passkeys = [];
  while (lines.follows("", "[[person.passkey]]")) passkeys.push(await readPasskey(lines));
  need(key !== null || passkeys.length > 0, "a person with nothing to sign with");
  need(passkeys.every((one, at) => at === 0 || passkeys[at - 1].number < one.number), "passkeys out of order");
  return { number, roles, validFrom, validUntil, key, passkeys, lines: lines.lines.slice(start, lines.at).join("\n") };
}

async function readPasskey(lines) {
  lines.at += 2;
  const number = lines.integer("number");
  const comment = lines.lines[lines.at];
  lines.at += 1;
  const credential = lines.bytes("credential");
  const algorithm = lines.string("algorithm");
  const raw = lines.bytes("key");
  const rpId = lines.string("rp_id");
  const origin = lines.string("origin");
  need(number >= 1 && number <= 8 && credential.length >= 1 && credential.length <= 1023, "a passkey that is refused");
  need(await isPasskeyKey(algorithm, raw), "the key of a passkey that is refused");
  need(rpId === "localhost" || DOMAIN.test(rpId), "a relying party that is no name");
  const start = `${rpId === "localhost" ? "http" : "https"}://${rpId}`;
  const port = /^(?::([1-9][0-9]{0,4}))?$/.exec(origin.startsWith(start) ? origin.slice(start.length) : "x");
  need(port !== null && Number(port[1] ?? 0) <= 65_535, "an origin that is not the relying party's");
  const all = [Uint8Array.of(number), credential, coseKey(algorithm, raw), utf8(rpId), utf8(origin)];
  const id = keyId(ALGORITHM, "officer", join(...all.flatMap((one) => [bigEndian(one.length, 2), one])));
  need(comment === `# key id ${hex(id)}`, "the comment above a passkey is of another one");
  return { number, credential, algorithm, raw, rpId, origin, id };
}

function readRevoked(lines) {
  lines.at += 2;
  const found = { job: lines.string("job"), key: lines.hash("key"), reason: lines.string("reason"), trusted: lines.integer("trusted") };
  need(REVOKED_JOBS.includes(found.job) && REASONS.includes(found.reason), "a revoked key of another kind");
  return found;
}

/** Every single key of a roster with its job. */
function jobsOf(roster) {
  const halves = (job, key) => key.halves.map((half) => [job, hex(half)]);
  const pair = (job, one) => [[job, one.ed25519], [job, hex(fromBase64(one.mldsa44))]];
  const lattice = roster.suite === FIRST_SUITE ? 1184 : 1568;
  return [
    ...halves("node", roster.node),
    ...pair("log", roster.log),
    ...pair("mirror", roster.mirror),
    ["sealing", hex(roster.sealing.raw.subarray(0, lattice))],
    ["sealing", hex(roster.sealing.raw.subarray(lattice))],
    ...roster.tls.map((one) => ["TLS", one.key]),
    ...pair("next log", roster.nextLog),
    ...roster.people.flatMap((one) => [
      ...(one.key === null ? [] : halves(`person ${one.number}`, one.key)),
      ...one.passkeys.map((passkey) => [`person ${one.number}`, hex(passkey.raw)]),
    ]),
  ];
}

function checkJobs(roster) {
  const keys = jobsOf(roster).map(([, key]) => key);
  need(new Set(keys).size === keys.length, "one key does two jobs");
  const credentials = roster.people.flatMap((one) => one.passkeys.map((passkey) => hex(passkey.credential)));
  need(new Set(credentials).size === credentials.length, "two passkeys have one credential");
  const names = new Set([
    ...[roster.node, roster.sealing, ...roster.tls].map((one) => hex(one.id)),
    roster.mirror.ed25519,
    ...roster.people.flatMap((one) => [...(one.key === null ? [] : [one.key]), ...one.passkeys].map((key) => hex(key.id))),
  ]);
  const revoked = roster.revoked.map((one) => hex(one.key));
  need(revoked.length <= 64 && new Set(revoked).size === revoked.length, "revoked keys that are too many, or there twice");
  need(!revoked.some((key) => names.has(key)), "a revoked key still has a job");
}

/** Throws unless a roster may follow the one before; both parsed. */
export function checkFollows(before, after) {
  need(before.party === after.party && same(before.channel, after.channel) && before.suite === after.suite, "of another party");
  need(after.version === before.version + 1, "a version is left out");
  need(same(after.previous, sha256(before.text)), "it names another text as the one before");
  const pair = (one) => `${one.ed25519} ${one.mldsa44}`;
  if (after.epoch === before.epoch) need(pair(after.log) === pair(before.log), "the log's keys changed within an epoch");
  else {
    need(after.epoch === before.nextEpoch && pair(after.log) === pair(before.nextLog), "a log that was not announced");
    const retired = [before.log.ed25519, before.log.mldsa44];
    need(!retired.includes(after.nextLog.ed25519) && !retired.includes(after.nextLog.mldsa44), "a retired key again");
  }
  const row = (one) => `${one.job} ${hex(one.key)} ${one.reason} ${one.trusted}`;
  need(before.revoked.every((one, at) => at < after.revoked.length && row(one) === row(after.revoked[at])), "a revoked key left");
  const job = (name) => name.replace(/^next /, "");
  const known = new Map(jobsOf(before).map(([name, key]) => [key, job(name)]));
  need(jobsOf(after).every(([name, key]) => !known.has(key) || known.get(key) === job(name)), "a key changed its job");
}

/** Throws where a roster has half of one of these root keys. */
export function checkRoots(roster, roots) {
  const halves = new Set(roots.flatMap((root) => root.halves.map(hex)));
  need(!jobsOf(roster).some(([, key]) => halves.has(key)), "a key of a root does another job");
}

/** Throws unless a roster is of the agreement's suite, party and channel, and its desks are the party's own. */
export function checkPlace(roster, agreement, voice) {
  need(roster.suite === agreement.suite, "of another suite than the agreement");
  const { short, domain } = agreement.parties[voice];
  need(roster.party === short && same(roster.channel, agreement.channel), "of another party or channel");
  for (const { rpId } of roster.people.flatMap((one) => one.passkeys)) {
    need(rpId === "localhost" ? agreement.demonstration : rpId === domain || rpId.endsWith(`.${domain}`), "a desk elsewhere");
  }
}

/** Whether a roster that admins signed changes nothing but persons without that role, and their keys. */
export function peopleOnly(before, after) {
  const rest = (roster) =>
    [roster.validFrom, roster.validUntil, hex(roster.node.raw), roster.epoch, ...Object.values(roster.log),
      ...Object.values(roster.mirror), hex(roster.sealing.raw), ...roster.tls.map((one) => hex(one.raw)),
      roster.nextEpoch, ...Object.values(roster.nextLog)].join(" ");
  const admins = (roster) => roster.people.filter((one) => one.roles.includes("admin")).map((one) => one.lines).join("\n");
  const revoked = after.revoked.slice(before.revoked.length);
  const listed = before.people.flatMap((one) => [...(one.key === null ? [] : [one.key]), ...one.passkeys]).map((key) => hex(key.id));
  const officers = revoked.every((one) => one.job === "officer" && listed.includes(hex(one.key)));
  const room = revoked.length === 0 || after.revoked.length <= 48;
  return rest(before) === rest(after) && admins(before) === admins(after) && officers && room;
}
