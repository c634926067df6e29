// Keys and signatures (keys-and-rosters.md): the gate, hybrid keys, note keys. Ed25519 and ECDSA are the browser's.

import { ml_dsa44, ml_dsa65, ml_dsa87 } from "@noble/post-quantum/ml-dsa.js";
import { Refused, fromBase64, hex, join, numberOf, sha256, utf8 } from "./bytes.js";

export const SUITES = new Map([
  ["ed25519+ml-dsa-65", { lattice: ml_dsa65, publicBytes: 1984, signatureBytes: 3373, people: 40, sealing: 1216 }],
  ["ed25519+ml-dsa-87", { lattice: ml_dsa87, publicBytes: 2624, signatureBytes: 4691, people: 30, sealing: 1665 }],
]);
export const FIRST_SUITE = "ed25519+ml-dsa-65";

const SEALING = {
  "ed25519+ml-dsa-65": "hpke-mlkem768-x25519-hkdf-sha256-aes-256-gcm",
  "ed25519+ml-dsa-87": "hpke-mlkem1024-p384-hkdf-sha384-aes-256-gcm",
};

const P = 2n ** 255n - 19n;
const EIGHT = 0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n;
const SMALL = new Set([0n, 1n, P - 1n, EIGHT, P - EIGHT]);

function power(base, exponent) {
  let result = 1n;
  let square = ((base % P) + P) % P;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
}

const D = (P - 121665n) * power(121666n, P - 2n) % P;

/** Whether an Ed25519 key passes the gate. */
export function isEd25519(raw) {
  if (raw.length !== 32) return false;
  const y = numberOf(raw.slice().reverse()) & (2n ** 255n - 1n);
  if (y >= P || SMALL.has(y)) return false;
  const square = (y * y) % P;
  return power((square - 1n + P) * (D * square + 1n), (P - 1n) / 2n) === 1n;
}

const imported = new Map();

/** A key of the browser's, or null where it refuses these bytes. Asked for once. */
async function browserKey(raw, algorithm) {
  const name = `${algorithm.name} ${hex(raw)}`;
  if (!imported.has(name)) {
    if (imported.size > 4096) imported.clear();
    imported.set(name, await crypto.subtle.importKey("raw", raw, algorithm, false, ["verify"]).catch(() => null));
  }
  return imported.get(name);
}

export async function verifyEd25519(raw, signature, message) {
  if (signature.length !== 64) return false;
  const key = await browserKey(raw, { name: "Ed25519" });
  return key !== null && (await crypto.subtle.verify({ name: "Ed25519" }, key, signature, message));
}

/** ECDSA over P-256 with SHA-256; the key is x and y, the signature two numbers of 32 bytes. */
export async function verifyP256(point, signature, message) {
  const key = await browserKey(join(Uint8Array.of(4), point), { name: "ECDSA", namedCurve: "P-256" });
  return key !== null && (await crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, signature, message));
}

export async function isP256(point) {
  return (await browserKey(join(Uint8Array.of(4), point), { name: "ECDSA", namedCurve: "P-256" })) !== null;
}

/** Whether this browser verifies Ed25519 and ECDSA at all: the key and signature of RFC 8032, 7.1, test 1. */
export async function browserCan() {
  if (globalThis.crypto?.subtle === undefined) return false;
  const key = fromBase64("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
  return verifyEd25519(key, RFC8032, new Uint8Array()).catch(() => false);
}

const RFC8032 = Uint8Array.from(
  (
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155" +
    "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
  )
    .match(/../g)
    .map((pair) => parseInt(pair, 16)),
);

function verifyLattice(lattice, raw, signature, message, context) {
  try {
    return lattice.verify(signature, message, raw, context === undefined ? {} : { context });
  } catch {
    return false;
  }
}

export function shortText(text) {
  const bytes = utf8(text);
  return join(Uint8Array.of(bytes.length), bytes);
}

/** What any key signs (keys-and-rosters.md, "What is signed"). */
export function preimage({ purpose, channel, author, algorithm, message }) {
  const tag = utf8(`hotline/1/${purpose}`);
  return join(tag, new Uint8Array(1), channel, shortText(author), shortText(algorithm), sha256(message));
}

export function keyId(algorithm, job, raw) {
  return sha256(join(utf8("hotline/1/key"), new Uint8Array(1), shortText(algorithm), shortText(job), raw));
}

export function sealingKeyId(suite, raw) {
  return keyId(SEALING[suite], "sealing", raw);
}

/** A hybrid public key of a suite. */
export function hybridKey(raw, suite) {
  if (raw.length !== SUITES.get(suite).publicBytes || !isEd25519(raw.subarray(0, 32))) {
    throw new Refused("bad-key", "a key that is refused");
  }
  return { algorithm: suite, raw, halves: [raw.subarray(0, 32), raw.subarray(32)] };
}

/** Whether a hybrid signature holds: both halves, under the context of the purpose. */
export async function verifyHybrid(key, { purpose, channel, author, message }, signature) {
  const suite = SUITES.get(key.algorithm);
  if (signature.length !== suite.signatureBytes) return false;
  const signed = preimage({ purpose, channel, author, algorithm: key.algorithm, message });
  if (!(await verifyEd25519(key.halves[0], signature.subarray(0, 64), signed))) return false;
  return verifyLattice(suite.lattice, key.halves[1], signature.subarray(64), signed, utf8(`hotline/1/${purpose}`));
}

// --- note keys ---

export const ED25519 = 1;
export const COSIGNATURE = 4;
export const MLDSA44 = 6;

/** A name that a key in a note may have. */
export function isKeyName(name) {
  return name !== "" && utf8(name).length <= 255 && !/[\p{C}\p{Z}+]/u.test(name);
}

/** A key of a note from its one line. */
export function noteKey(vkey) {
  const [first, second] = [vkey.indexOf("+"), vkey.indexOf("+", vkey.indexOf("+") + 1)];
  const raw = first < 0 || second < 0 ? null : fromBase64(vkey.slice(second + 1));
  const [name, id] = [vkey.slice(0, first), vkey.slice(first + 1, second)];
  if (raw === null || !isKeyName(name) || !/^[0-9a-f]{8}$/.test(id)) throw new Refused("malformed", "no key of a note");
  const [type, key] = [raw[0], raw.slice(1)];
  const good = type === MLDSA44 ? key.length === 1312 : (type === ED25519 || type === COSIGNATURE) && isEd25519(key);
  const found = hex(sha256(join(utf8(`${name}\n`), raw)).subarray(0, 4));
  if (!good || found !== id) throw new Refused("bad-key", "a key of a note that is refused");
  return { name, id, type, raw: key, vkey };
}

export async function verifyNoteKey(key, message, signature) {
  if (key.type !== MLDSA44) return verifyEd25519(key.raw, signature, message);
  return signature.length === 2420 && verifyLattice(ml_dsa44, key.raw, signature, message);
}
