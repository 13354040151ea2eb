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
  if (!phone || phone === "anonymous") return;
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
  if (person.dataset.callsOnly !== undefined) mode("call");
  thread.replaceChildren();
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

// --- a call: keys, words typed in, and the TwiML that comes back ---------------------------------------------------
const keyed = document.getElementById("keyed");
const speech = document.getElementById("speech");
let keys = "";
let pending = Promise.resolve();

// One thing at a time: a key pressed while the line still answers counts for what is asked next.
const inTurn = (work) => { pending = pending.then(work, work); return pending; };

function hear(answer) {
  callList.append(...answer.lines.map((line) => bubble("out", line.text, line.language, true)));
  callList.scrollTop = callList.scrollHeight;
  document.getElementById("twiml").textContent = answer.twiml.replaceAll("><", ">\n<");
  call = answer.ended ? null : answer;
  keys = "";
  keyed.textContent = answer.ended ? keyed.dataset.ended : { queue: keyed.dataset.queue, record: keyed.dataset.record }[answer.kind] || (answer.many ? keyed.dataset.many : "");
  buttons();
}

function buttons() {
  document.getElementById("hang").disabled = !call;
  document.getElementById("dial").disabled = Boolean(call);
  speech.disabled = !call || call.kind === "queue";
}

async function act(fields, shown) {
  if (!call) return;
  callList.append(bubble("in", shown, "", true));
  hear(await post("/simulator/press", { phone, sid: call.sid, action: call.action, ...fields }));
}

document.getElementById("dial").addEventListener("click", () => inTurn(async () => {
  callList.replaceChildren();
  hear(await post("/simulator/call", { phone }));
}));
document.getElementById("keypad").addEventListener("click", (event) => {
  const key = event.target.closest("[data-key]")?.dataset.key;
  if (key) inTurn(() => press(key));
});

async function press(key) {
  if (!call || call.kind === "record") return;
  if (!call.many) {
    await act({ digits: key }, key);
  } else if (key === "#") {
    await act({ digits: keys }, `${keys} #`);
  } else {
    keys += key;
    keyed.textContent = `${keys} …`;
  }
}

document.getElementById("speak").addEventListener("submit", (event) => {
  event.preventDefault();
  const words = speech.value.trim();
  if (!words || !call) return;
  speech.value = "";
  inTurn(() => act(call?.kind === "record" ? { message: String(Math.min(120, words.length)) } : { words }, words)).then(() => speech.focus());
});
document.getElementById("hang").addEventListener("click", () => hangUp(true));

// Whoever waits is told when an agent has taken the call.
setInterval(async () => {
  if (!call || call.kind !== "queue") return;
  const line = await fetch(`/simulator/line?sid=${call.sid}`).then((answer) => answer.json()).catch(() => null);
  if (call && line?.state === "answered" && keyed.textContent !== keyed.dataset.joined) keyed.textContent = keyed.dataset.joined;
}, 2000);

function hangUp(tell) {
  const open = call;
  call = null;
  keyed.textContent = open ? keyed.dataset.ended : "";
  buttons();
  if (tell && open) post("/simulator/press", { phone, sid: open.sid, action: "/twilio/voice/status", status: "completed", seconds: "20" });
}

poll();
setInterval(poll, 1500);
