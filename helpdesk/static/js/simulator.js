// A phone in the browser: texts and calls go to the real webhooks; both sides appear as they are stored.
const token = document.querySelector('meta[name="csrf-token"]').content;
const thread = document.getElementById("thread");
const callList = document.getElementById("call");
const problem = document.getElementById("sim-problem");
let phone = document.querySelector('.person[aria-pressed="true"]')?.dataset.phone;
let etag = null;
let seen = 0;
let call = null;

async function post(path, fields) {
  const answer = await fetch(path, { method: "POST", body: new URLSearchParams({ csrf_token: token, ...fields }), headers: { Accept: "application/json" } });
  problem.hidden = answer.ok;
  if (!answer.ok) {
    const said = await answer.json().catch(() => ({}));
    problem.textContent = said.detail || problem.dataset.text;
    throw new Error(`${path} answered ${answer.status}`);
  }
  return answer.json();
}

function bubble(side, text, under, fresh) {
  const row = document.createElement("li");
  row.className = `${side}${fresh ? " fresh" : ""}`;
  const words = document.createElement("p");
  words.dir = "auto";
  words.textContent = text;
  row.append(words);
  if (under) {
    const small = document.createElement("small");
    small.textContent = under;
    row.append(small);
  }
  return row;
}

const clock = (iso) => new Date(iso).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

async function poll() {
  if (!phone) return;
  const asked = phone;
  const answer = await fetch(`/simulator/thread?phone=${encodeURIComponent(asked)}`, { headers: etag ? { "If-None-Match": etag } : {}, cache: "no-store" }).catch(() => null);
  if (!answer || asked !== phone) return;
  const now = answer.headers.get("X-Now");
  if (now) document.getElementById("now").textContent = new Date(now).toLocaleString();
  if (answer.status !== 200) return;
  etag = answer.headers.get("ETag");
  draw((await answer.json()).messages);
}

function draw(messages) {
  const below = thread.scrollHeight - thread.scrollTop - thread.clientHeight < 80;
  thread.replaceChildren(...messages.map((m) => {
    const parts = m.parts > 1 ? ` · ${thread.dataset.parts.replace("{n}", m.parts)}` : "";
    const tick = m.direction === "out" ? { delivered: " ✓✓", queued: " …", failed: " ✕", suppressed: " ✕" }[m.status] || " ✓" : "";
    return bubble(m.direction, m.body, clock(m.at) + tick + parts, m.id > seen);
  }));
  if (!messages.length) {
    const hint = document.createElement("li");
    hint.className = "hint";
    hint.textContent = thread.dataset.empty;
    thread.append(hint);
  }
  const newest = messages.length ? messages[messages.length - 1].id : 0;
  if (below || newest > seen) thread.scrollTop = thread.scrollHeight;
  seen = Math.max(seen, newest);
}

async function say(body) {
  if (!body.trim() || !phone) return;
  await post("/simulator/send", { phone, body });
  poll();
}

document.querySelectorAll(".person").forEach((person) => person.addEventListener("click", () => {
  document.querySelectorAll(".person").forEach((other) => other.setAttribute("aria-pressed", String(other === person)));
  phone = person.dataset.phone;
  etag = null;
  seen = 0;
  hangUp(false);
  callList.replaceChildren();
  poll();
}));
document.getElementById("say").addEventListener("submit", (event) => {
  event.preventDefault();
  const words = document.getElementById("words");
  say(words.value).then(() => { words.value = ""; words.focus(); });
});
document.querySelectorAll("[data-quick]").forEach((key) => key.addEventListener("click", () => say(key.dataset.quick)));
document.querySelectorAll("[data-say]").forEach((key) => key.addEventListener("click", () => { mode("text"); say(key.dataset.say); }));
document.querySelectorAll("[data-forward]").forEach((key) => key.addEventListener("click", () => post("/simulator/forward", { minutes: key.dataset.forward }).then(poll)));
document.querySelectorAll("[data-mode]").forEach((key) => key.addEventListener("click", () => mode(key.dataset.mode)));

function mode(name) {
  document.querySelectorAll("[data-mode]").forEach((key) => key.setAttribute("aria-pressed", String(key.dataset.mode === name)));
  document.querySelectorAll("[data-pane]").forEach((pane) => { pane.hidden = pane.dataset.pane !== name; });
}

function hear(answer) {
  callList.append(...answer.lines.map((line) => bubble("out", line, "", true)));
  callList.scrollTop = callList.scrollHeight;
  call = answer.ended ? null : { sid: answer.sid, action: answer.action };
  document.getElementById("hang").disabled = !call;
  document.getElementById("dial").disabled = Boolean(call);
}

document.getElementById("dial").addEventListener("click", async () => {
  callList.replaceChildren();
  hear(await post("/simulator/call", { phone }));
});
document.getElementById("keypad").addEventListener("click", async (event) => {
  const key = event.target.closest("[data-key]");
  if (!key || !call) return;
  callList.append(bubble("in", key.dataset.key, "", true));
  hear(await post("/simulator/press", { phone, sid: call.sid, action: call.action, digits: key.dataset.key }));
});
document.getElementById("hang").addEventListener("click", () => hangUp(true));

function hangUp(tell) {
  if (tell && call) post("/simulator/press", { phone, sid: call.sid, action: "/twilio/voice/status", status: "completed", seconds: "20" });
  call = null;
  document.getElementById("hang").disabled = true;
  document.getElementById("dial").disabled = false;
}

poll();
setInterval(poll, 1500);
