// The page: takes two files, has a worker verify them, and shows what it says. Everything is put there as text.

import { Audit } from "./audit.js";

const SHOWN_AT_ONCE = 50;
const SAID = {
  verified: "Verified, as far as this page checks",
  refuted: "Refuted",
  unchecked: "Not established: something that is needed is absent or not read here",
};

// --- in the worker: verifies, and answers what entries hold ---

async function work({ data }) {
  if (data.ask === "entry") {
    const found = await globalThis.audit.details(data.voice, data.index);
    postMessage({ kind: "entry", voice: data.voice, index: data.index, found });
    return;
  }
  let told = 0;
  const progress = (text, done, total) => {
    if (Date.now() - told < 100) return;
    told = Date.now();
    postMessage({ kind: "progress", text, done, total });
  };
  try {
    const policy = new Uint8Array(await data.policy.slice(0, 1_048_577).arrayBuffer());
    globalThis.audit = new Audit(data.pack, policy, data.at, progress);
    const report = await globalThis.audit.run();
    postMessage({ kind: "report", report: { ...report, verdict: report.verdict } });
  } catch (error) {
    postMessage({ kind: "failed", text: String(error) });
  }
}

// --- on the page ---

function make(tag, text, ...children) {
  const element = document.createElement(tag);
  if (text !== undefined && text !== null) element.textContent = text;
  element.append(...children);
  return element;
}

const part = (name) => document.getElementById(name);

class Page {
  constructor() {
    this.files = { pack: null, policy: null };
    // Whether the worker is at work; undefined where there is none that can be used.
    this.busy = undefined;
    this.waiting = new Map();
    for (const name of ["pack", "policy"]) {
      part(name).addEventListener("change", () => this.give([...part(name).files], name));
    }
    part("at").addEventListener("change", () => this.give([], null));
    document.addEventListener("dragover", (event) => event.preventDefault());
    document.addEventListener("drop", (event) => {
      event.preventDefault();
      this.give([...event.dataTransfer.files], null);
    });
  }

  /** Files that were chosen or dropped; a dropped pack is known by its name. */
  give(files, as) {
    for (const file of files) this.files[as ?? (/\.hotline$|\.zip$/i.test(file.name) ? "pack" : "policy")] = file;
    for (const [name, file] of Object.entries(this.files)) {
      part(`${name}-name`).textContent = file === null ? "none yet" : `${file.name}, ${file.size} bytes`;
    }
    if (this.files.pack !== null && this.files.policy !== null) this.start();
  }

  /** A worker made of this page's own script; one that is at work on other files is let go. */
  hire() {
    this.worker?.terminate();
    const url = URL.createObjectURL(new Blob([part("reader").textContent], { type: "text/javascript" }));
    const worker = new Worker(url);
    URL.revokeObjectURL(url);
    // What a worker that was let go had still to say is of other files.
    worker.onmessage = ({ data }) => worker === this.worker && this[data.kind](data);
    worker.onerror = (event) => worker === this.worker && this.failed({ text: event.message });
    this.worker = worker;
  }

  start() {
    if (this.busy !== false) this.hire();
    this.busy = true;
    this.waiting.clear();
    part("of").textContent = `${this.files.pack.name} under ${this.files.policy.name}`;
    part("report").hidden = true;
    part("state").textContent = "Reading";
    const at = part("at").value === "" ? Date.now() : Date.parse(part("at").value);
    if (Number.isNaN(at)) this.failed({ text: "the time to check as of does not read" });
    else this.worker.postMessage({ ...this.files, at });
  }

  progress({ text, done, total }) {
    part("state").textContent = `${text}: ${done} of ${total}`;
    part("bar").max = total;
    part("bar").value = done;
    part("bar").hidden = false;
  }

  failed({ text }) {
    this.busy = undefined;
    part("bar").hidden = true;
    part("state").textContent = `Not established: the reader itself failed, and nothing was verified (${text})`;
  }

  report({ report }) {
    this.busy = false;
    part("bar").hidden = true;
    part("state").textContent = "Done";
    this.shown = report;
    const verdict = part("verdict");
    verdict.textContent = SAID[report.verdict];
    verdict.className = report.verdict;
    const { refuted, unchecked, warning } = report.counts;
    part("sum").textContent =
      `${refuted} refuting, ${unchecked} unchecked, ${warning} warnings. ` +
      `${report.checked.length} checks done, ${report.notChecked.length} not done: see both lists.` +
      (report.facts.demonstration ? " The agreement is for demonstrations: nothing under it is meant." : "");
    fill("findings", report.findings.map((one) => [one.severity, one.code, one.where, one.text]));
    part("no-findings").hidden = report.findings.length > 0;
    fill("opened", report.opened);
    part("opened-fields").hidden = report.opened.length === 0;
    list("checked", report.checked);
    list("not-checked", report.notChecked);
    const agreement = report.facts.agreement;
    list("agreement", agreement === undefined ? ["none that can be read"] : [agreement.title, ...agreement.parties, `digest ${agreement.digest}`]);
    part("entries").replaceChildren();
    this.next = 0;
    part("more").onclick = () => this.more();
    this.more();
    part("report").hidden = false;
    verdict.focus();
  }

  more() {
    const entries = this.shown.entries.slice(this.next, this.next + SHOWN_AT_ONCE);
    for (const one of entries) part("entries").append(this.row(one));
    this.next += entries.length;
    part("more").hidden = this.next >= this.shown.entries.length;
    part("shown").textContent = `${this.next} of ${this.shown.entries.length} entries`;
  }

  row(one) {
    const at = one.loggedAt === null ? "no time" : new Date(one.loggedAt).toISOString();
    const signers = one.signers.map(([person, role]) => `person ${person} as ${role}`).join(", ");
    const effect = one.effective ? "" : " \u2014 without effect";
    const faults = one.faults.length > 0 ? ` \u2014 ${one.faults.join(", ")}` : "";
    const serial = `${this.shown.logs[one.voice].short} ${one.index}`;
    const found = make("details", null, make("summary", `${serial}, ${at}${signers && `, ${signers}`}${effect}${faults}`));
    found.addEventListener("toggle", () => {
      if (!found.open || found.childElementCount > 1) return;
      this.waiting.set(serial, found);
      this.worker.postMessage({ ask: "entry", voice: one.voice, index: one.index });
    });
    return found;
  }

  entry({ found }) {
    const place = this.waiting.get(found.serial);
    if (place === undefined) return;
    this.waiting.delete(found.serial);
    const rows = [["leaf", found.leaf], ["bytes", String(found.bytes)]];
    if (found.unread !== undefined) rows.push(["not read", found.unread]);
    else {
      rows.push(["held", found.held], ...found.signatures.map((one) => ["signed", one]));
      rows.push(...found.header.filter(([, value]) => value !== ""), ...found.facts.map(([name, value]) => [`fact ${name}`, value]));
    }
    const table = make("table", null, ...rows.map(([name, value]) => make("tr", null, make("th", name), make("td", value))));
    place.append(table);
    if (found.document) place.append(make("p", "Its text, in the open:"), make("pre", found.document));
  }
}

function fill(name, rows) {
  part(name).tBodies[0].replaceChildren(
    ...rows.map((cells) => {
      const row = make("tr", null, ...cells.map((text) => make("td", text)));
      row.className = cells[0];
      return row;
    }),
  );
}

function list(name, lines) {
  part(name).replaceChildren(...lines.map((line) => make("li", line)));
}

if (typeof document === "undefined") globalThis.onmessage = work;
else new Page();
