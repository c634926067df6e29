// Signatures of passkeys (passkeys.md): four parts, client data, authenticator data, and a signature over both.

import { base64, hex, join, numberOf, sha256, same, textOf, utf8 } from "./bytes.js";
import { isEd25519, isP256, preimage, verifyEd25519, verifyP256 } from "./keys.js";

export const ALGORITHM = "webauthn";

const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const LIMITS = [[1, 1023], [37, 37], [0, 768], [0, 72]];

/** The four parts, or null. */
export function parts(signature) {
  const found = [];
  let at = 0;
  while (at < signature.length && found.length <= 4) {
    const end = at + 2 + ((signature[at] << 8) | signature[at + 1]);
    if (at + 2 > signature.length || end > signature.length) return null;
    found.push(signature.subarray(at + 2, end));
    at = end;
  }
  const fits = found.every((part, place) => part.length >= (LIMITS[place]?.[0] ?? 1) && part.length <= (LIMITS[place]?.[1] ?? 0));
  if (found.length !== 4 || !fits) return null;
  const [credential, data, clientData, value] = found;
  return { credential, data, clientData, value, counter: Number(numberOf(data.subarray(33, 37))) };
}

/** JSON as RFC 8259 has it, or undefined; a name that is there twice makes it none. */
export function strictJson(text) {
  let at = 0;
  const space = () => {
    while (" \t\n\r".includes(text[at] ?? "x")) at += 1;
  };
  const string = () => {
    const found = /^"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/.exec(text.slice(at));
    if (found === null) throw new SyntaxError();
    at += found[0].length;
    return JSON.parse(found[0]);
  };
  const list = (close, item) => {
    at += 1;
    space();
    if (text[at] === close) at += 1;
    else {
      for (;;) {
        item();
        space();
        at += 1;
        if (text[at - 1] === close) break;
        if (text[at - 1] !== ",") throw new SyntaxError();
      }
    }
  };
  const value = () => {
    space();
    if (text[at] === '"') return string();
    if (text[at] === "{") {
      const found = new Map();
      list("}", () => {
        space();
        const name = string();
        space();
        if (text[at] !== ":" || found.has(name)) throw new SyntaxError();
        at += 1;
        found.set(name, value());
      });
      return found;
    }
    if (text[at] === "[") {
      const found = [];
      list("]", () => found.push(value()));
      return found;
    }
    const rest = /^(?:true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)/.exec(text.slice(at));
    if (rest === null) throw new SyntaxError();
    at += rest[0].length;
    return JSON.parse(rest[0]);
  };
  try {
    const found = value();
    space();
    return at === text.length ? found : undefined;
  } catch {
    return undefined;
  }
}

function goodClientData(data, challenge, origin) {
  const text = textOf(data);
  const values = text === null || text.startsWith("\ufeff") ? undefined : strictJson(text);
  if (!(values instanceof Map)) return false;
  const asked = base64(challenge).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  return (
    values.get("type") === "webauthn.get" &&
    values.get("challenge") === asked &&
    values.get("origin") === origin &&
    (!values.has("crossOrigin") || values.get("crossOrigin") === false) &&
    !values.has("topOrigin")
  );
}

function goodAuthenticatorData(data, rpId) {
  const flags = data[32];
  return same(data.subarray(0, 32), sha256(utf8(rpId))) && !(flags & 0xe2) && (flags & 0x18) !== 0x10 && (flags & 5) === 5;
}

/** Two numbers in DER in its one spelling as 64 bytes, or null. */
function fromDer(der) {
  if (der[0] !== 0x30 || der[1] !== der.length - 2 || der.length > 72) return null;
  const numbers = [];
  let at = 2;
  for (let count = 0; count < 2; count += 1) {
    const length = der[at + 1];
    const raw = der.subarray(at + 2, at + 2 + length);
    if (der[at] !== 2 || raw.length !== length || length === 0 || length > 33 || raw[0] > 127) return null;
    if (length > 1 && raw[0] === 0 && raw[1] < 128) return null;
    const number = numberOf(raw);
    if (number < 1n || number >= ORDER) return null;
    numbers.push(join(new Uint8Array(Math.max(0, 32 - length)), raw.subarray(Math.max(0, length - 32))));
    at += 2 + length;
  }
  return at === der.length ? join(...numbers) : null;
}

/** Whether the key of a passkey in a roster is one: x and y on the curve, or an Ed25519 key past the gate. */
export async function isPasskeyKey(algorithm, raw) {
  if (algorithm === "es256") return raw.length === 64 && isP256(raw);
  return algorithm === "eddsa" && isEd25519(raw);
}

/** The COSE key that a key id is made of. */
export function coseKey(algorithm, raw) {
  if (algorithm === "eddsa") return join(Uint8Array.of(0xa4, 1, 1, 3, 0x27, 0x20, 6, 0x21, 0x58, 0x20), raw);
  const first = Uint8Array.of(0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 0x20);
  return join(first, raw.subarray(0, 32), Uint8Array.of(0x22, 0x58, 0x20), raw.subarray(32));
}

/** Whether a passkey's signature holds over a message. */
export async function verifyPasskey(passkey, { purpose, channel, author, message }, signature) {
  const found = parts(signature);
  if (found === null || hex(found.credential) !== hex(passkey.credential)) return false;
  const challenge = sha256(preimage({ purpose, channel, author, algorithm: ALGORITHM, message }));
  if (!goodClientData(found.clientData, challenge, passkey.origin)) return false;
  if (!goodAuthenticatorData(found.data, passkey.rpId)) return false;
  const signed = join(found.data, sha256(found.clientData));
  if (passkey.algorithm === "eddsa") return verifyEd25519(passkey.raw, found.value, signed);
  const raw = fromDer(found.value);
  return raw !== null && verifyP256(passkey.raw, raw, signed);
}
