const known = new Map();
const made = new Map();

function define(name, build) {
  known.set(name, build);
}

function $need(name) {
  if (!made.has(name)) made.set(name, known.get(name)($need));
  return made.get(name);
}

