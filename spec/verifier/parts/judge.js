// Judgement (docket.md, "Verdicts"): what is true of each entry of both logs. The docket itself is not computed here.

import { Refused, hex, same, sha256 } from "./bytes.js";
import { missingSlots, passkeysCount, slotsNeeded } from "./agreement.js";
import { SUITES, verifyHybrid } from "./keys.js";
import { ALGORITHM, parts, verifyPasskey } from "./passkey.js";
import { RootChain } from "./roots.js";
import { checkFollows, checkPlace, checkRoots, parseRoster, peopleOnly } from "./roster.js";
import { factsFit, headerFits, parseEntry, parseStatement, signedMessage } from "./statement.js";

/** Kinds that change what governs; this reader stops before the first of them. */
export const BEYOND = new Set(["agreement-amend", "agreement-countersign", "agreement-withdraw", "succession"]);

export const SHOWN = new Set(["held-not-of-log", "held-went-down", "time-went-back", "agreement-superseded"]);
export const REFUTING = new Set([
  "malformed", "second-spelling", "wrong-channel", "wrong-party", "wrong-agreement", "unfit-header", "unfit-facts",
  "misplaced", "bad-signature", "unknown-signer", "unauthorised", "roster-refused", "other-suite", "document-differs",
  "root-set-refused",
  "after-not-of-log", "seen-not-of-log", "held-not-of-log",
]);

const NOTHING = { size: 0, root: sha256(new Uint8Array()) };

class Voice {
  constructor(log, number) {
    Object.assign(this, { log, number, held: NOTHING, lastAt: 0, done: 0, roster: null, head: null });
    this.counters = new Map();
    this.ids = new Set();
    this.named = new Set();
  }
}

export class Judge {
  /** `logs` are both exported logs as the agreement lists the parties; `catalogue` gives kinds by name. */
  constructor({ logs, agreement, catalogue }) {
    Object.assign(this, { agreement, catalogue, stopped: null });
    this.voices = logs.map((log, number) => new Voice(log, number));
    for (const voice of this.voices) voice.chain = RootChain.first(agreement.parties[voice.number], agreement);
    this.located = new Map();
  }

  /** Verdicts, those of one voice in the order of its log. */
  async *verdicts() {
    let turn = 0;
    for (;;) {
      const voice = await this.nextVoice(turn);
      if (voice === null || this.stopped !== null) return;
      turn = voice.number;
      const { head } = voice;
      voice.head = null;
      yield this.conclude(voice, head);
    }
  }

  /** Which voice goes on (docket.md, "The order of judging"). */
  async nextVoice(turn) {
    for (const number of [turn, 1 - turn]) {
      const voice = this.voices[number];
      if (voice.head === null && voice.done < voice.log.size) voice.head = await this.prepare(voice);
      if (this.stopped !== null) return null;
      if (voice.head !== null && voice.head.claim.size <= this.voices[1 - number].done) return voice;
    }
    for (const number of [0, 1]) {
      const [mine, other] = [this.voices[number], this.voices[1 - number]];
      if (mine.head === null) continue;
      const reached = mine.head.claim.size <= other.log.size;
      const answered = other.head !== null && this.shows(other) > mine.done;
      if (reached ? this.shows(mine) === 0 : answered) {
        mine.head.final = false;
        return mine;
      }
    }
    return this.voices.find((voice) => voice.head !== null) ?? null;
  }

  shows(voice) {
    const claim = voice.head.claim;
    const other = this.voices[1 - voice.number].log;
    return voice.head.entry !== null && claim.size <= other.size && this.holds(other, claim, other.size) ? Number(claim.size) : 0;
  }

  holds(log, state, limit) {
    return state.size <= limit && same(log.tree.root(Number(state.size)), state.root);
  }

  // --- steps 1 to 9 ---

  async prepare(voice) {
    const data = await voice.log.entry(voice.done);
    const found = { index: voice.done, leaf: voice.log.tree.leaf(voice.done), entry: null, statement: null, kind: null };
    Object.assign(found, { faults: [], checks: [], needs: [], missing: [], signers: [], claim: NOTHING, roster: null, coming: null, final: true });
    try {
      found.entry = parseEntry(data);
      found.claim = found.entry.held;
      found.statement = parseStatement(found.entry.statement);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      found.faults.push(error.code);
    }
    if (found.statement !== null) found.kind = this.checkHeader(voice, found);
    if (found.statement !== null && BEYOND.has(found.statement.kind) && found.kind !== null) {
      this.stopped = `${voice.log.short} ${found.index}, a ${found.statement.kind}`;
      return found;
    }
    if (found.entry === null) return found;
    if (found.kind?.byRoots) {
      const signatures = found.entry.signatures;
      const admins = signatures.length > 0 && signatures.every((one) => one.what === "person" && one.role === "admin");
      if (found.kind.name === "roster" && admins) await this.readByAdmins(voice, found);
      else await this.readByRoots(voice, found);
    } else await this.readSigned(voice, found);
    found.faults = [...new Set(found.faults)];
    return found;
  }

  checkHeader(voice, { statement, faults }) {
    const { agreement, catalogue } = this;
    if (!same(statement.channel, agreement.channel)) faults.push("wrong-channel");
    if (statement.party !== agreement.parties[voice.number].short) faults.push("wrong-party");
    if (!same(statement.agreement, agreement.digest)) faults.push("wrong-agreement");
    const kind = catalogue.kinds.get(statement.kind) ?? null;
    if (kind === null || !same(statement.catalogue, agreement.catalogue)) {
      faults.push("not-understood");
      return null;
    }
    if (!headerFits(kind, statement)) {
      faults.push("unfit-header");
      if (!kind.machine) return kind;
    }
    if (!factsFit(kind, statement.facts)) faults.push("unfit-facts");
    return kind;
  }

  message(voice, { entry }, signature) {
    return {
      purpose: "statement",
      channel: this.agreement.channel,
      author: this.agreement.parties[voice.number].short,
      message: signedMessage(entry.statement, signature),
    };
  }

  /** Steps 7 to 9 of what persons and nodes sign: every signature, also one too many. */
  async readSigned(voice, found) {
    const { entry, kind, statement, faults } = found;
    const { roster } = voice;
    const byPeople = kind !== null && !kind.machine;
    found.needs = byPeople ? slotsNeeded(this.agreement, kind, statement) : [];
    const passkeys = byPeople && passkeysCount(this.agreement, kind, statement, found.needs);
    const current = roster !== null && validAt(roster, entry.loggedAt);
    const counting = [];
    const expired = [];
    const unread = [];
    let byNode = false;
    for (const signature of entry.signatures) {
      const { what, number, role, algorithm, value } = signature;
      const person = what === "person" ? (roster?.people.find((one) => one.number === number) ?? null) : null;
      if (SUITES.has(algorithm) && algorithm !== this.agreement.suite) {
        faults.push("other-suite");
        continue;
      }
      if (!SUITES.has(algorithm) && algorithm !== ALGORITHM) {
        faults.push("not-understood");
        byNode ||= what === "node" && role === "node";
        if (person?.roles.includes(role)) unread.push([number, role]);
        continue;
      }
      let key = null;
      let counts = null;
      if (what === "person") {
        key = person === null ? null : keyFor(person, algorithm, value);
        if (person?.roles.includes(role) && (passkeys || algorithm !== ALGORITHM)) {
          if (current && validAt(person, entry.loggedAt)) counts = [number, role];
          else expired.push([number, role]);
        }
      } else if (SUITES.has(algorithm) && what === "node" && role === "node") {
        key = roster?.node ?? null;
        byNode = true;
      } else if (SUITES.has(algorithm) && what === "root" && role === "root") {
        key = voice.chain.newest.roots.get(number) ?? null;
      }
      if (key === null) {
        faults.push("unknown-signer");
        continue;
      }
      const message = this.message(voice, found, signature);
      const good = algorithm === ALGORITHM ? await verifyPasskey(key, message, value) : await verifyHybrid(key, message, value);
      found.checks.push({ good, counts, passkey: algorithm === ALGORITHM ? key : null, value });
      if (counts !== null) counting.push(counts);
    }
    if (kind?.machine && !byNode) faults.push("unauthorised");
    if (!byPeople) return;
    found.missing = missingSlots(found.needs, counting);
    if (found.missing.length > 0 && missingSlots(found.needs, [...counting, ...unread]).length > 0) {
      const late = missingSlots(found.needs, [...counting, ...unread, ...expired]);
      faults.push(late.length > 0 ? "unauthorised" : "roster-expired");
    }
    const ended = this.agreement.sunset !== null && entry.loggedAt >= this.agreement.sunset;
    if (ended && !kind.always && statement.precedence !== "flash") faults.push("after-sunset");
  }

  // --- documents ---

  async text(voice, { statement, faults }) {
    if (statement.body_digest === null || statement.opener !== null) {
      faults.push("unfit-header");
      return null;
    }
    voice.named.add(hex(statement.body_digest));
    const text = await voice.log.document(statement.body_digest);
    if (text === null) faults.push("document-missing");
    else if (!same(sha256(text), statement.body_digest) || text.length !== statement.body_length) faults.push("document-differs");
    return text;
  }

  async readByRoots(voice, found) {
    const { entry, kind, statement, faults, index } = found;
    if ((index === 0) !== (kind.name === "agreement")) faults.push("misplaced");
    const text = await this.text(voice, found);
    const coming = kind.name === "root-set" && text !== null ? this.readRoots(voice, text, faults) : null;
    // A number names one key in all versions, so that a root of both sets signs once for both.
    const sets = coming === null ? [voice.chain.newest] : [voice.chain.newest, coming];
    const keys = new Map(sets.flatMap((one) => [...one.roots]));
    const counting = new Set();
    for (const signature of entry.signatures) {
      const { what, number, role, algorithm, value } = signature;
      const key = what === "root" && role === "root" ? keys.get(number) : undefined;
      if (key === undefined) faults.push("unknown-signer");
      else if (SUITES.has(algorithm) && algorithm !== this.agreement.suite) faults.push("other-suite");
      else if (!SUITES.has(algorithm)) {
        faults.push("not-understood");
        counting.add(number);
      } else if (await verifyHybrid(key, this.message(voice, found, signature), value)) counting.add(number);
      else faults.push("bad-signature");
      found.checks.push({ good: true, counts: null, passkey: null });
    }
    const met = (one) => [...one.roots.keys()].filter((number) => counting.has(number)).length >= one.threshold;
    if (!sets.every(met)) faults.push("unauthorised");
    if (!this.holds(voice.log, statement.after, index)) faults.push("after-not-of-log");
    if (kind.name === "agreement" && text !== null && !same(sha256(text), this.agreement.digest)) faults.push("document-differs");
    const sound = text !== null && faults.every((fault) => SHOWN.has(fault));
    if (sound && kind.name === "roster") await this.takeRoster(voice, found, text);
    if (sound) found.coming = coming;
  }

  readRoots(voice, text, faults) {
    try {
      return voice.chain.following(text, voice.roster, this.agreement.suite);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      faults.push("root-set-refused");
      return null;
    }
  }

  async readByAdmins(voice, found) {
    const { entry, statement, faults, index } = found;
    const before = voice.roster;
    const text = await this.text(voice, found);
    let [signed, expired, unread] = [0, 0, 0];
    for (const signature of entry.signatures) {
      const { number, algorithm, value } = signature;
      const person = before?.people.find((one) => one.number === number && one.roles.includes("admin"));
      if (person === undefined) faults.push("unknown-signer");
      else if (SUITES.has(algorithm) && algorithm !== this.agreement.suite) faults.push("other-suite");
      else if (!SUITES.has(algorithm) && algorithm !== ALGORITHM) {
        faults.push("not-understood");
        unread += 1;
      } else if (person.key?.algorithm !== algorithm) faults.push("unknown-signer");
      else if (!(await verifyHybrid(person.key, this.message(voice, found, signature), value))) faults.push("bad-signature");
      else if (validAt(before, entry.loggedAt) && validAt(person, entry.loggedAt)) {
        signed += 1;
        found.checks.push({ good: true, counts: [number, "admin"], passkey: null });
      } else expired += 1;
    }
    const needed = this.agreement.admins;
    if (!needed || signed + unread < needed) {
      faults.push(needed && signed + unread + expired >= needed ? "roster-expired" : "unauthorised");
    }
    if (!this.holds(voice.log, statement.after, index)) faults.push("after-not-of-log");
    if (index === 0) faults.push("misplaced");
    if (before === null || text === null || !faults.every((fault) => SHOWN.has(fault))) return;
    await this.takeRoster(voice, found, text);
    if (found.roster !== null && !peopleOnly(before, found.roster)) {
      faults.push("unauthorised");
      found.roster = null;
    }
  }

  async takeRoster(voice, found, text) {
    try {
      const roster = await parseRoster(text);
      checkPlace(roster, this.agreement, voice.number);
      checkRoots(roster, [...this.agreement.parties[1 - voice.number].roots, ...voice.chain.versions.flatMap((one) => one.keys)]);
      if (voice.roster !== null) checkFollows(voice.roster, roster);
      else if (roster.previous !== null) throw new Refused("roster-refused", "the first one follows no other");
      found.roster = roster;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      found.faults.push("roster-refused");
    }
  }

  // --- steps 9 to 16 ---

  conclude(voice, found) {
    const { entry, statement, kind, index } = found;
    const faults = new Set(found.faults);
    const notes = new Set();
    if (entry !== null) this.judgeHeld(voice, found, faults, notes);
    found.signers = found.checks.filter((one) => one.good && one.counts !== null).map((one) => one.counts);
    if (found.checks.some((one) => !one.good)) {
      faults.add("bad-signature");
      if (found.needs.length > 0) {
        found.missing = missingSlots(found.needs, found.signers);
        if (found.missing.length > 0) faults.add("unauthorised");
      }
    }
    if (!this.count(voice, found.checks)) faults.add("passkey-counter");
    if (entry !== null) {
      if (entry.loggedAt < voice.lastAt) faults.add("time-went-back");
      else voice.lastAt = entry.loggedAt;
    }
    let thread = null;
    if (statement !== null) thread = this.judgeStatement(voice, found, faults, notes);
    voice.done += 1;
    voice.roster = found.roster ?? voice.roster;
    if (found.coming !== null) voice.chain = voice.chain.then(found.coming);
    const shown = [...faults];
    const meant = statement !== null && !faults.has("wrong-channel") && !faults.has("wrong-party");
    if (meant) voice.ids.add(hex(statement.id));
    if (meant && !this.located.has(hex(found.leaf))) {
      this.located.set(hex(found.leaf), { voice: voice.number, index, kind: statement.kind, thread, status: statement.status });
    }
    const effective = statement !== null && kind !== null && shown.every((fault) => SHOWN.has(fault));
    return { voice: voice.number, short: voice.log.short, index, entry, statement, kind, faults: shown, notes: [...notes],
      missing: found.missing, signers: found.signers, checks: found.checks.length, effective, thread };
  }

  judgeHeld(voice, { claim, final }, faults, notes) {
    const other = this.voices[1 - voice.number].log;
    if (claim.size === voice.held.size && same(claim.root, voice.held.root)) return;
    if (claim.size > other.size) {
      if (final) notes.add("held-beyond");
      else faults.add("held-not-of-log");
    } else if (!this.holds(other, claim, other.size)) faults.add("held-not-of-log");
    else if (claim.size < voice.held.size) faults.add("held-went-down");
    else voice.held = claim;
  }

  /** Counters of passkeys (passkeys.md, "Counters"). */
  count(voice, checks) {
    const after = new Map(voice.counters);
    for (const { good, passkey, value } of checks) {
      if (!good || passkey === null) continue;
      const { counter } = parts(value);
      const last = after.get(hex(passkey.credential)) ?? -1;
      if (counter <= last && (counter !== 0 || last !== 0)) return false;
      after.set(hex(passkey.credential), counter);
    }
    voice.counters = after;
    return true;
  }

  judgeStatement(voice, { statement, entry, kind, index, leaf }, faults, notes) {
    const other = this.voices[1 - voice.number].log;
    if (voice.ids.has(hex(statement.id))) faults.add("repeated-statement");
    if (statement.release_by_ms !== null && entry.loggedAt > statement.release_by_ms) faults.add("released-late");
    if (!this.holds(voice.log, statement.after, index)) faults.add("after-not-of-log");
    const beyond = notes.has("held-beyond");
    if (statement.seen.size <= other.size) {
      const limit = beyond ? statement.seen.size : voice.held.size;
      if (!this.holds(other, statement.seen, limit)) faults.add("seen-not-of-log");
    } else if (beyond) notes.add("seen-beyond");
    else faults.add("seen-not-of-log");
    const absent = () => (beyond ? notes.add("reference-beyond") : faults.add("reference-unknown"));
    const own = hex(leaf);
    let thread = null;
    if (statement.thread === null) thread = kind === null || kind.opens ? own : null;
    else {
      const opener = this.visible(statement.thread, voice);
      if (opener === null) absent();
      else if (opener.thread !== hex(statement.thread)) faults.add("reference-unfit");
      else {
        thread = opener.thread;
        if (opener.status !== statement.status) faults.add("status-mixed");
      }
    }
    if (statement.in_reply_to !== null) {
      const target = this.visible(statement.in_reply_to, voice);
      if (target === null) absent();
      else if (kind !== null && !replyFits(kind, voice.number, target, thread)) faults.add("reference-unfit");
    }
    const template = faults.has("unfit-facts") ? undefined : statement.facts?.get("template");
    if (template !== undefined && kind !== null && Object.keys(kind.common).length > 0) {
      const target = this.visible(template, voice);
      if (target === null) absent();
      else if (target.kind !== "template-register" || !["actual", statement.status].includes(target.status)) {
        faults.add("reference-unfit");
      }
    }
    return thread;
  }

  visible(leaf, voice) {
    const found = this.located.get(hex(leaf)) ?? null;
    return found === null || (found.voice !== voice.number && found.index >= voice.held.size) ? null : found;
  }
}

function validAt(one, at) {
  return one.validFrom <= at && at < one.validUntil;
}

function keyFor(person, algorithm, value) {
  if (algorithm !== ALGORITHM) return person.key?.algorithm === algorithm ? person.key : null;
  const found = parts(value);
  if (found === null) return person.passkeys[0] ?? null;
  return person.passkeys.find((one) => same(one.credential, found.credential)) ?? null;
}

function replyFits(kind, voice, target, thread) {
  if (!kind.replies.includes(target.kind)) return false;
  if (kind.voice !== "either" && (target.voice === voice) !== (kind.voice === "own")) return false;
  return thread === null || target.thread === thread;
}
