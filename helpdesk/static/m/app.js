// The technicians' pages: state as the device knows it, one primary action, the outbox in sight.
import SignaturePad from "/static/vendor/signature_pad.js";
import * as outbox from "./outbox.js";

const NEXT = { accept: "accepted", leave: "en_route", arrive: "on_site", start: "working", complete: "completed", part_missing: "incomplete", no_access: "incomplete" };

navigator.serviceWorker?.register("/m/sw.js", { scope: "/m" });
if (navigator.serviceWorker) keep();
document.querySelector('form[action="/logout"]')?.addEventListener("submit", () => navigator.serviceWorker?.controller?.postMessage("forget"));

const visit = document.getElementById("visit");
const made = visit?.dataset.state;
const problem = document.getElementById("problem");
let pad = null;

// This page and the day's visits go into the device's cache as soon as the service worker sees what is fetched.
async function keep() {
  await navigator.serviceWorker.ready;
  if (!navigator.serviceWorker.controller) {
    await new Promise((seen) => navigator.serviceWorker.addEventListener("controllerchange", seen, { once: true }));
  }
  const pages = [location.href, ...[...document.querySelectorAll("a[data-prefetch]")].map((link) => link.href)];
  for (const page of pages) await fetch(page).then((answer) => answer.text()).catch(() => "");
}

function show(state) {
  visit.dataset.state = state;
  for (const element of visit.querySelectorAll("[data-when]")) element.hidden = !element.dataset.when.split(" ").includes(state);
  if (state === "working") preparePad();
}

function preparePad() {
  const canvas = document.getElementById("pad");
  if (pad || !canvas) return;
  const scale = window.devicePixelRatio || 1;
  canvas.width = canvas.offsetWidth * scale;
  canvas.height = canvas.offsetHeight * scale;
  canvas.getContext("2d").scale(scale, scale);
  pad = new SignaturePad(canvas, { penColor: "#10233d" });
  document.getElementById("clear").addEventListener("click", () => pad.clear());
}

// A signature by keyboard: who cannot draw may put the name, and says so.
function signature(name) {
  if (!document.getElementById("typed").checked) return pad && !pad.isEmpty() ? pad.toDataURL("image/png") : "";
  return "data:text/plain;charset=utf-8," + encodeURIComponent(name);
}

function report() {
  const form = document.getElementById("report");
  const value = (name) => form.elements[name].value.trim();
  const readings = {};
  for (const input of form.querySelectorAll("[data-reading]")) {
    readings[input.dataset.reading] = input.dataset.kind === "yes_no" ? input.checked : input.value === "" ? null : Number(input.value);
  }
  const parts = [...form.querySelectorAll('input[name="part"]:checked')].map((box) => ({ code: box.value, quantity: 1 }));
  const data = { parts, readings, cause_code: value("cause_code"), remedy: value("remedy"), explained: value("explained"), signed_name: value("signed_name"), signature: signature(value("signed_name")) };
  const complete = data.cause_code && data.remedy && data.explained && data.signed_name && data.signature && !Object.values(readings).includes(null);
  return complete ? data : null;
}

async function act(kind, data = {}) {
  problem.hidden = true;
  show(NEXT[kind]);
  await outbox.add(visit.dataset.visit, kind, data);
}

function wire() {
  visit.addEventListener("click", (event) => {
    const primary = event.target.closest("[data-action]");
    const stop = event.target.closest("[data-stop]");
    if (stop) return document.getElementById("why").value.trim() ? act(stop.dataset.stop, { reason: document.getElementById("why").value.trim() }) : complain();
    if (!primary) return undefined;
    const data = primary.dataset.action === "complete" ? report() : {};
    return data ? act(primary.dataset.action, data) : complain();
  });
}

function complain() {
  problem.textContent = problem.dataset.missing;
  problem.hidden = false;
  problem.scrollIntoView({ block: "center" });
}

// What the office said when the page was made, and what this device has done since.
async function replay() {
  const mine = (await outbox.all()).filter((action) => !visit || action.visit === visit.dataset.visit);
  if (visit) {
    const after = (action) => action.status === "done" && new Date(action.server_at) > new Date(visit.dataset.at);
    const since = mine.filter((action) => action.status === "pending" || after(action));
    show(since.length ? NEXT[since[since.length - 1].kind] : made);
  }
  const list = document.getElementById("outbox");
  list.replaceChildren(...mine.filter((action) => action.status !== "done").map((action) => row(action, list.dataset)));
}

function row(action, text) {
  const item = document.createElement("li");
  item.className = action.status;
  const waits = action.status === "pending";
  const words = document.createElement("span");
  words.textContent = `${action.visit} · ${text[action.kind] || action.kind} · ${waits ? text.pending : action.message}`;
  item.append(words);
  if (waits) return item;
  const seen = document.createElement("button");
  seen.type = "button";
  seen.className = "button";
  seen.textContent = text.seen;
  seen.addEventListener("click", () => outbox.forget(action.seq));
  item.append(seen);
  return item;
}

async function showSync() {
  const line = document.getElementById("sync");
  const actions = await outbox.all();
  const waiting = actions.filter((action) => action.status === "pending").length;
  const trouble = actions.some((action) => action.status === "refused" || action.status === "conflict");
  line.className = `sync ${waiting ? "waiting" : trouble ? "trouble" : ""}`;
  const text = waiting ? line.dataset.waiting.replace("{n}", waiting) : trouble ? line.dataset.trouble : outbox.reachable ? line.dataset.synced : line.dataset.offline;
  line.querySelector("span").textContent = text;
}

outbox.onChange(() => { showSync(); replay(); });
if (visit) { wire(); show(made); }
replay();
outbox.flush();
showSync();
