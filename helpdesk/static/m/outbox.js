// The device's outbox: every action has its own id and place, is kept until the office has answered, and is
// sent in order. Sending twice is harmless: the office knows the id.
import { openDB } from "/static/vendor/idb.js";

const STORE = "actions";

const database = openDB("ordercare", 1, {
  upgrade(db) { db.createObjectStore(STORE, { keyPath: "seq", autoIncrement: true }).createIndex("visit", "visit"); },
});

const listeners = new Set();
export const onChange = (listener) => listeners.add(listener);
const changed = () => listeners.forEach((listener) => listener());

export async function add(visit, kind, data = {}) {
  const id = crypto.randomUUID ? crypto.randomUUID() : `${Date.now()}-${Math.random().toString(16).slice(2)}`;
  await (await database).add(STORE, { id, visit, kind, data, device_at: new Date().toISOString(), status: "pending", message: "" });
  changed();
  flush();
}

// What was not accepted stays in sight until somebody has seen it.
export async function forget(seq) {
  await (await database).delete(STORE, seq);
  changed();
}

export const all = async () => (await database).getAll(STORE);
export const pending = async () => (await all()).filter((action) => action.status === "pending");

const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 20000;

let sending = false;
let again = false;
let pause = FIRST_PAUSE;
let next;
export let reachable = navigator.onLine;

export async function flush() {
  again = sending;
  if (sending) return;
  sending = true;
  try {
    const waiting = await pending();
    if (waiting.length) await send(waiting);
    else reachable = navigator.onLine;
    pause = FIRST_PAUSE;
  } catch {
    reachable = false;
    if (navigator.onLine) retry();
  } finally {
    sending = false;
    changed();
  }
  if (again) flush(); // something was added meanwhile
}

// A network that has just come back often drops the first request: ask again soon, then less and less often.
function retry() {
  clearTimeout(next);
  next = setTimeout(flush, pause);
  pause = Math.min(2 * pause, LONGEST_PAUSE);
}

async function send(waiting) {
  const actions = waiting.map(({ id, visit, kind, seq, device_at, data }) => ({ id, visit, kind, seq, device_at, data }));
  const answer = await fetch("/m/sync", {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": await token() },
    body: JSON.stringify({ actions }),
    redirect: "manual",
  });
  if (!answer.ok) throw new Error(`sync answered ${answer.status}`);
  reachable = true;
  const { results, server_at } = await answer.json();
  const db = await database;
  for (const result of results) {
    const action = waiting.find((candidate) => candidate.id === result.id);
    // What the office has, signature included, need not stay on the device.
    const kept = result.status === "done" ? { data: {} } : {};
    if (action) await db.put(STORE, { ...action, ...kept, status: result.status, message: result.message, server_at });
  }
}

// A page out of the cache carries an old token: take a fresh one from the live page.
async function token() {
  const page = await fetch("/m", { headers: { Accept: "text/html" }, cache: "no-store" });
  const meta = new DOMParser().parseFromString(await page.text(), "text/html").querySelector('meta[name="csrf-token"]');
  return meta ? meta.content : "";
}

addEventListener("online", flush);
addEventListener("focus", flush);
addEventListener("offline", () => { reachable = false; changed(); });
setInterval(flush, LONGEST_PAUSE);
