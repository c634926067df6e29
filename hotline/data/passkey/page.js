// Asks the command that opened this page what is to be signed, shows it, and gives back what the authenticator says.
// The secret of the page stands behind the # of its address, which browsers send to nobody; it opens the page once.
"use strict";

const place = (id) => document.getElementById(id);
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
const text = (data) =>
  btoa(String.fromCharCode(...new Uint8Array(data))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");

async function post(path, body) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error("the command does not answer any more");
  return answer.json();
}

function show(asked) {
  place("title").textContent = asked.title;
  place("text").textContent = asked.lines.join("\n");
  place("digest").textContent = asked.digest ? "digest of what you sign: " + asked.digest : "";
  place("state").textContent = "";
}

function pressed() {
  return new Promise((resolve) => {
    const end = (value) => () => {
      place("go").hidden = place("no").hidden = true;
      resolve(value);
    };
    place("go").onclick = end(true);
    place("no").onclick = end(false);
    place("go").hidden = place("no").hidden = false;
  });
}

async function made(asked) {
  const options = asked.options;
  options.challenge = bytes(options.challenge);
  for (const one of [...(options.allowCredentials || []), ...(options.excludeCredentials || [])]) one.id = bytes(one.id);
  if (asked.ceremony === "create") {
    options.user.id = bytes(options.user.id);
    const found = await navigator.credentials.create({ publicKey: options });
    return {
      data: text(found.response.getAuthenticatorData()),
      client_data: text(found.response.clientDataJSON),
    };
  }
  const found = await navigator.credentials.get({ publicKey: options });
  return {
    credential: text(found.rawId),
    data: text(found.response.authenticatorData),
    client_data: text(found.response.clientDataJSON),
    signature: text(found.response.signature),
  };
}

async function run() {
  const token = location.hash.slice(1);
  history.replaceState(null, "", "/");
  const { session } = await post("/begin", { token });
  for (;;) {
    const asked = await post("/next", { session });
    if (asked.state === "done") break;
    if (asked.state === "wait") continue;
    place("go").textContent = asked.button;
    show(asked);
    let answer = { refused: "by the person" };
    if (await pressed()) {
      place("state").textContent = "Use your authenticator.";
      try {
        answer = await made(asked);
      } catch (error) {
        answer = { refused: String(error.name || "error").slice(0, 40) };
      }
    }
    await post("/answer", { session, number: asked.number, answer });
    show({ title: "Hotline", lines: [] });
    place("state").textContent = "One moment.";
  }
  place("title").textContent = "Hotline";
  place("state").textContent = "Done. You may close this page.";
}

run().catch((error) => {
  place("text").textContent = "";
  place("go").hidden = place("no").hidden = true;
  place("state").textContent = "Nothing more can be signed here: " + error.message + ".";
});
