// The technicians' pages: state as the device knows it, one primary action, the outbox in sight.
import SignaturePad from "/static/vendor/signature_pad.js";
import * as outbox from "./outbox.js";

const NEXT = { accept: "accepted", leave: "en_route", arrive: "on_site", start: "working", complete: "completed", part_missing: "incomplete", no_access: "incomplete" };

navigator.serviceWorker?.register("/m/sw.js", { scope: "/m" });
navigator.serviceWorker?.ready.then(() => document.querySelectorAll("a[data-prefetch]").forEach((a) => fetch(a.href)));
document.querySelector('form[action="/logout"]')?.addEventListener("submit", () => navigator.serviceWorker?.controller?.postMessage("forget"));

const visit = document.getElementById("visit");
const problem = document.getElementById("problem");
let pad = null;

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
  const mine = (await outbox.all()).filter((action) => action.visit === visit.dataset.visit);
  const waiting = mine.filter((action) => action.status === "pending");
  if (waiting.length) show(NEXT[waiting[waiting.length - 1].kind]);
  const list = document.getElementById("outbox");
  list.replaceChildren(...mine.filter((a) => a.status !== "done").map((action) => {
    const row = document.createElement("li");
    row.className = action.status;
    const label = document.querySelector(`[data-action="${action.kind}"], [data-stop="${action.kind}"]`);
    row.append(label ? label.textContent : action.kind, " ", action.message || (action.status === "pending" ? list.dataset.pending : ""));
    return row;
  }));
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

outbox.onChange(() => { showSync(); if (visit) replay(); });
if (visit) { wire(); show(visit.dataset.state); replay(); }
outbox.flush();
showSync();
