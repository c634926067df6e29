// The audit (audit.md, "Verdict"): the steps that this reader does, with the numbers of that page, and what it does not.

import { Refused, hex, same, sha256 } from "./bytes.js";
import { parseAgreement } from "./agreement.js";
import { catalogueOf } from "./catalogue.js";
import { ExportedLog } from "./export.js";
import { Judge, REFUTING } from "./judge.js";
import { browserCan } from "./keys.js";
import { parsePolicy, verifyHeld } from "./note.js";
import { readOpened, takeOpened } from "./opened.js";
import { Pack } from "./pack.js";
import { parseEntry, parseStatement } from "./statement.js";

export const ENTRIES_MAX = 200_000;
const FINDINGS_MAX = 1_000;
const OF_KEYS = new Set(["bad-signature", "unknown-signer", "unauthorised", "roster-refused", "root-set-refused"]);

/** Never looked at by this page, whatever a pack holds. The README says the same. */

const NEVER = [
  "10. order: the docket is not computed",
  "11. clocks: whether answers came in time is not computed",
  "12. line: tallies and silences are not summed up",
  "marks: what was signed with a key that was revoked later is not marked",
  "texts: that the agreement is the one spelling of its terms; its digest is pinned by the policy",
  "certificates: TLS and sealing keys are compared with all others, and not otherwise verified",
];

class Report {
  constructor() {
    Object.assign(this, { findings: [], counts: { refuted: 0, unchecked: 0, warning: 0, info: 0 } });
    Object.assign(this, { checked: [], notChecked: [], entries: [], opened: [], logs: [], error: null, facts: {} });
  }

  add(code, severity, where, text) {
    this.counts[severity] += 1;
    if (this.findings.length < FINDINGS_MAX) this.findings.push({ code, severity, where, text });
  }

  get verdict() {
    return this.counts.refuted > 0 ? "refuted" : this.counts.unchecked > 0 ? "unchecked" : "verified";
  }
}

export class Audit {
  /** `progress(text, done, total)` is told how far it is. */
  constructor(pack, policy, at, progress) {
    Object.assign(this, { blob: pack, policyBytes: policy, at, progress, report: new Report(), logs: [] });
  }

  async run() {
    const { report } = this;
    try {
      if (!(await browserCan())) {
        report.error = "browser-cannot";
        report.add("browser-cannot", "unchecked", "", "this browser does not verify Ed25519; nothing was checked");
      } else if (await this.begin()) await this.logsAndEntries();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.code === "tile-missing" || error.code === "entry-differs") {
        const severity = error.code === "tile-missing" ? "unchecked" : "refuted";
        report.add(error.code, severity, error.message, "the file is not what it was when the audit began");
        report.notChecked.push("5-14. entries: the files are not what they were when the audit began");
      } else {
        report.error = error.code;
        const weight = error.code === "pack-malformed" || error.code === "voices-not-two" ? "unchecked" : "refuted";
        report.add(error.code, weight, "", error.message);
        report.notChecked.push("everything: the audit did not begin");
      }
    }
    report.notChecked.push(...NEVER);
    return report;
  }

  // --- steps 1 to 4 ---

  async begin() {
    const { report } = this;
    const policy = parsePolicy(this.policyBytes);
    this.pack = await Pack.open(this.blob);
    this.opened = await readOpened(this.pack);
    for (const name of [...this.pack.files.keys(), ...this.pack.odd].sort()) {
      if (this.opened?.files.has(name)) continue;
      const outside = name !== "pack.json" && !this.pack.voices.includes(name.split("/")[0]);
      if (outside) report.add("file-unexpected", "refuted", name, "no pack has such a file");
    }
    const held = [];
    for (const voice of this.pack.voices) held.push(await this.readHeld(voice, policy));
    if (held.includes(null)) {
      report.notChecked.push("4-14. logs: a checkpoint does not hold or is absent");
      return false;
    }
    if (held[0].voice === held[1].voice) throw new Refused("voices-not-two", "both exports are of one party's log");
    report.checked.push(`1. policy: it names ${policy.parties.map((one) => one.prefix).join(" and ")}`);
    for (const [at, voice] of this.pack.voices.entries()) {
      if (held[at].checkpoint.size > ENTRIES_MAX) {
        const text = `${held[at].checkpoint.size} entries, at most ${ENTRIES_MAX} are read here`;
        report.add("log-too-large", "unchecked", `${voice}/checkpoint`, text);
        report.notChecked.push("4-14. logs: one is too large for this page");
        return false;
      }
      this.logs.push(new ExportedLog(this.pack, voice, held[at], report));
    }
    for (const log of this.logs) {
      if (log.names(this.pack.files.keys()).some((name) => name.startsWith("before/"))) {
        report.add("log-before-unread", "unchecked", log.where("before"), "a log that ended is there, which this page does not read");
        report.notChecked.push("2-14. logs: one is a successor, which this page does not read");
        return false;
      }
    }
    for (const log of this.logs) log.checkFiles();
    report.checked.push("2. structure: the files of both exports, by name");
    report.checked.push(`3. checkpoints: ${this.logs.map(describe).join("; ")}`);
    for (const log of this.logs) {
      await log.checkTree((done, total) => this.progress(`Hashing ${log.short}`, done, total));
    }
    report.checked.push("4. append-only: every entry, and every hash of every level, against the signed roots");
    return true;
  }

  async readHeld(voice, policy) {
    const note = await this.pack.read(`${voice}/checkpoint`);
    if (note === null) {
      this.report.add("checkpoint-missing", "unchecked", `${voice}/checkpoint`, "the file is absent");
      return null;
    }
    try {
      return await verifyHeld(note, policy);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.report.add(error.code, "refuted", `${voice}/checkpoint`, error.message);
      return null;
    }
  }

  // --- step 5 ---

  async logsAndEntries() {
    const { report } = this;
    const agreement = await this.readAgreement();
    if (agreement === null) {
      report.notChecked.push("6-14. entries: the agreement that both logs begin with is not at hand");
      return;
    }
    if (!this.logs.every((log) => log.readable)) {
      report.notChecked.push("6-14. entries: not every entry is there as it was signed");
      return;
    }
    const catalogue = catalogueOf(hex(agreement.catalogue));
    if (catalogue === null) {
      report.add("catalogue-differs", "unchecked", "agreement", "it names a catalogue that is not at hand");
      report.notChecked.push("6-14. entries: their kinds are those of another catalogue");
      return;
    }
    if (agreement.demonstration || catalogue.vectors) report.facts.demonstration = true;
    await this.judge(agreement, catalogue);
    if (agreement.sunset !== null && this.at >= agreement.sunset) {
      report.add("agreement-ended", "warning", "agreement", `since ${new Date(agreement.sunset).toISOString()}`);
    }
    if (new Date(this.at).toISOString().slice(0, 10) > agreement.reviewDate) {
      report.add("agreement-review-due", "warning", "agreement", `it was to be looked at again by ${agreement.reviewDate}`);
    }
  }

  async readAgreement() {
    const { report } = this;
    const found = new Map();
    for (const log of this.logs) {
      const data = await log.entry(0);
      if (data === null) continue;
      const named = agreementNamed(data);
      if (named === null) {
        if (namedKind(data) === "succession") {
          report.add("log-before-missing", "unchecked", log.where("checkpoint"), "it begins with a succession");
        } else report.add("agreement-not-at-zero", "refuted", `${log.short} 0`, "entry 0 is no agreement that can be read");
        continue;
      }
      const text = await log.document(named);
      const where = log.where(`agreement/${hex(named)}.toml`, 0);
      if (text === null) {
        report.add("agreement-missing", "unchecked", where, "the text that entry 0 names is absent");
        continue;
      }
      if (!same(sha256(text), named)) continue;
      let agreement;
      try {
        agreement = parseAgreement(text);
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        report.add("document-differs", "refuted", where, `it does not read as an agreement: ${error.message}`);
        continue;
      }
      if (!agreement.parties.some((party) => party.prefix === log.held.voice.prefix)) {
        report.add("policy-pins-other-agreement", "refuted", `${log.short} 0`, "the name of the log does not follow from it");
        continue;
      }
      found.set(hex(named), agreement);
    }
    for (const log of this.logs) {
      const data = await log.entry(0);
      const first = data === null ? null : agreementNamed(data);
      for (const [name, path] of await log.badDocuments()) {
        const index = first !== null && hex(first) === name ? 0 : undefined;
        report.add("document-differs", "refuted", log.where(path, index), "it is not the text that its name stands for");
      }
    }
    if (found.size > 1) {
      report.add("agreement-differs", "refuted", "entry 0 of both logs", "they name two different agreements");
      return null;
    }
    const [agreement] = found.values();
    if (agreement === undefined) return null;
    for (const log of this.logs) {
      const party = agreement.parties.find((one) => one.prefix === log.held.voice.prefix);
      if (party === undefined) {
        report.add("policy-pins-other-agreement", "refuted", log.where("checkpoint"), "the agreement makes no log of that name");
        return null;
      }
      log.short = party.short;
    }
    report.checked.push(`5. agreement: ${hex(agreement.digest)}, which the names of both logs are made of`);
    report.facts.agreement = {
      digest: hex(agreement.digest),
      title: agreement.title,
      parties: agreement.parties.map((one) => `${one.short}, ${one.name} (${one.domain})`),
      reviewDate: agreement.reviewDate,
    };
    return agreement;
  }

  // --- steps 6 to 9 and 13 ---

  async judge(agreement, catalogue) {
    const { report } = this;
    const logs = agreement.parties.map((party) => this.logs.find((log) => log.short === party.short));
    const judge = new Judge({ logs, agreement, catalogue });
    const blind = [false, false];
    const notes = new Map();
    const note = (code, serial) => notes.set(code, { first: serial, count: 0, ...notes.get(code) });
    const sums = { entries: 0, signatures: 0, persons: 0, rosters: 0, rootSets: 0 };
    const statuses = new Map();
    const total = logs[0].size + logs[1].size;
    for await (const verdict of judge.verdicts()) {
      const { voice, index, faults, statement, kind } = verdict;
      const serial = `${logs[voice].short} ${index}`;
      const where = `${logs[voice].folder}, ${serial}`;
      sums.entries += 1;
      sums.signatures += verdict.checks;
      sums.persons += verdict.signers.length;
      if (kind?.name === "roster" && verdict.effective) sums.rosters += 1;
      if (kind?.name === "root-set" && verdict.effective) sums.rootSets += 1;
      if (statement !== null) statuses.set(statement.status, (statuses.get(statement.status) ?? 0) + 1);
      if (verdict.effective && kind !== null && !kind.machine && statement.facts?.get("emergency") === true) {
        report.add("emergency-release", "info", where, "one person released it, as the agreement allows");
      }
      if (index > 0 && (faults.includes("document-missing") || faults.includes("document-differs"))) blind[voice] = true;
      for (const fault of faults) {
        if (fault === "not-understood" || (blind[voice] && OF_KEYS.has(fault))) {
          const code = fault === "not-understood" ? fault : "signature-unchecked";
          note(code, serial);
          notes.get(code).count += 1;
        } else if (fault === "document-missing") {
          const code = { roster: "roster-missing", "root-set": "root-set-missing" }[statement?.kind] ?? "agreement-missing";
          report.add(code, "unchecked", where, "the text that the entry names is absent");
        } else {
          const missing = verdict.missing.length > 0 ? `: ${verdict.missing.join(", ")} is missing` : "";
          const text = `${statement === null ? "an entry" : `a ${statement.kind}`}${missing}`;
          report.add(fault, REFUTING.has(fault) ? "refuted" : "warning", where, text);
        }
      }
      for (const code of verdict.notes) {
        note(code, serial);
        notes.get(code).count += 1;
      }
      if (this.opened !== null && !(await takeOpened(this.pack, this.opened, serial, verdict))) {
        const text = `what is opened of a ${kind.name} is not what its header committed to`;
        report.add("disclosure-false", "refuted", `disclosed, ${serial}`, text);
      }
      const { faults: shown, signers, effective } = verdict;
      report.entries.push({ voice, index, faults: shown, signers, effective, loggedAt: verdict.entry?.loggedAt ?? null });
      if (sums.entries % 16 === 0) this.progress("Verifying signatures", sums.entries, total);
    }
    report.logs = logs.map((log) => ({ short: log.short, size: log.size, heldAt: log.held.heldAt }));
    this.byVoice = logs;
    if (judge.stopped !== null) {
      const text = "what governs changes there, which this page does not follow; `hotline audit` does";
      report.add("reader-stopped", "unchecked", judge.stopped, text);
      report.notChecked.push(`6-14. entries: ${total - sums.entries} of ${total}, from ${judge.stopped} on`);
    } else {
      for (const [at, log] of logs.entries()) {
        for (const [name, path] of log.documents) {
          if (!judge.voices[at].named.has(name)) {
            report.add("file-unexpected", "refuted", log.where(path), "no entry names this text");
          }
        }
      }
    }
    report.checked.push(`6. rosters: ${sums.rosters}, each signed by its party's roots or admins`);
    if (sums.rootSets > 0) report.checked.push(`6. root sets: ${sums.rootSets}, each signed by the roots before it and by its own`);
    report.checked.push(`7. entries: ${sums.entries}, with ${sums.signatures} signatures, each verified`);
    report.checked.push(`8. authority: ${sums.persons} signatures of persons against the agreement and the rosters`);
    const reach = judge.voices.map((one, at) => `${logs[at].short} held ${one.held.size} of ${logs[1 - at].short}`);
    report.checked.push(`9. copies: ${reach.join(", ")}`);
    const counts = [...statuses].sort().map(([status, count]) => `${count} ${status}`);
    report.checked.push(`13. exercises: ${counts.join(", ")}`);
    for (const [code, { first, count }] of [...notes].sort()) {
      report.notChecked.push(`${code}: ${count} entries, the first of them ${first}`);
    }
    this.sumUpOpened(judge.stopped);
    report.notChecked.push("contents: bodies are not part of an export; the entries hold their hashes");
  }

  /** Step 14, as far as it goes here. */
  sumUpOpened(stopped) {
    const { report, opened } = this;
    report.notChecked.push("14. disclosure: whether what a party says it published had been agreed to");
    if (opened === null) return;
    if (stopped === null) {
      for (const serial of [...opened.fields.keys()].sort()) {
        report.add("disclosure-false", "refuted", `disclosed, ${serial}`, "fields are opened of what is no statement that counts");
      }
    } else if (opened.fields.size > 0) report.notChecked.push(`14. disclosure: what is opened of ${opened.fields.size} statements`);
    report.opened = opened.listed;
    const sum = `${opened.count} fields of ${opened.statements} statements opened to ${opened.audience}`;
    report.checked.push(`14. disclosure: ${sum}, each against its commitment`);
    const at = new Date(opened.at).toISOString();
    report.notChecked.push(`14. disclosure: whether the rules open them to ${opened.audience} at ${at}, and what they open besides`);
  }

  /** What people may look at of one entry. */
  async details(voice, index) {
    const log = this.byVoice[voice];
    const data = await log.entry(index);
    const found = { serial: `${log.short} ${index}`, leaf: hex(log.tree.leaf(index)), bytes: data.length };
    try {
      const entry = parseEntry(data);
      found.loggedAt = entry.loggedAt;
      found.held = `${entry.held.size} entries, root ${hex(entry.held.root)}`;
      found.signatures = entry.signatures.map((one) => `${one.signer} as ${one.role}, ${one.algorithm}`);
      const { facts, ...header } = parseStatement(entry.statement);
      found.header = Object.entries(header).map(([name, value]) => [name, plain(name, value)]);
      found.facts = facts === null ? [] : [...facts].map(([name, value]) => [name, plain(name, value)]);
      const text = header.opener === null && header.body_digest !== null ? await log.document(header.body_digest) : null;
      found.document = text === null ? null : new TextDecoder().decode(text);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      found.unread = error.code;
    }
    return found;
  }
}

function plain(name, value) {
  if (value === null) return "";
  if (value instanceof Uint8Array) return hex(value);
  if (Array.isArray(value)) return value.map((one) => plain("", one)).join(" ");
  if (typeof value === "object") return `${value.size} entries, root ${hex(value.root)}`;
  if (name.endsWith("_ms") && typeof value === "number" && value > 1e11) return new Date(value).toISOString();
  return String(value);
}

function describe(log) {
  const witnesses = log.held.witnesses.length > 0 ? `, and by ${new Set(log.held.witnesses).size} witnesses` : "";
  return `${log.short} ${log.size} entries, held by the other party at ${new Date(log.held.heldAt).toISOString()}${witnesses}`;
}

function namedKind(data) {
  try {
    return parseStatement(parseEntry(data).statement).kind;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return null;
  }
}

function agreementNamed(data) {
  return namedKind(data) === "agreement" ? parseStatement(parseEntry(data).statement).body_digest : null;
}
