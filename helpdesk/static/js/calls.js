// The agents' telephone: the live part is fetched anew when it has changed; a browser that may speaks itself.
const live = document.getElementById("live");
const token = document.querySelector('meta[name="csrf-token"]').content;
const post = (path) => fetch(path, { method: "POST", body: new URLSearchParams({ csrf_token: token }), headers: { Accept: "application/json" } });
let etag = null;
let leg = live?.dataset.leg;

async function refresh() {
  const answer = await fetch("/calls/board", { headers: etag ? { "If-None-Match": etag } : {}, cache: "no-store" }).catch(() => null);
  if (!answer || answer.status !== 200) return;
  const busy = live.contains(document.activeElement) && document.activeElement.closest("select, input");
  if (busy) return;
  etag = answer.headers.get("ETag");
  live.innerHTML = await answer.text();
  const now = answer.headers.get("X-Leg");
  if (now && now !== leg) {
    live.querySelector(".call-ticket a")?.focus();
    document.title = `☎ ${document.title.replace(/^☎ /, "")}`;
  }
  leg = now;
}

function tick() {
  for (const clock of live.querySelectorAll("[data-clock]:not([data-clock=''])")) {
    const seconds = Number(clock.dataset.clock) + 1;
    clock.dataset.clock = seconds;
    clock.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }
}

if (live) {
  setInterval(refresh, 2000);
  setInterval(tick, 1000);
}

// --- the softphone -----------------------------------------------------------------------------------------------
const status = document.getElementById("softphone");
const say = (text) => { status.querySelector("span").textContent = text; };

async function fresh() {
  const answer = await post("/calls/token");
  if (!answer.ok) throw new Error("no token");
  return (await answer.json()).token;
}

async function softphone() {
  const device = new globalThis.Twilio.Device(await fresh(), { closeProtection: true });
  device.on("registered", () => say(status.dataset.ready));
  device.on("unregistered", () => say(status.dataset.lost));
  device.on("error", () => say(status.dataset.lost));
  device.on("tokenWillExpire", async () => device.updateToken(await fresh()));
  device.on("incoming", (call) => call.accept());
  await device.register();
  live.addEventListener("click", (event) => {
    if (event.target.closest("[data-take]")) device.connect({ params: { want: "next" } });
  });
}

if (status && globalThis.Twilio) softphone().catch(() => say(status.dataset.lost));

// --- listening: who listens is noted before a sound is heard ------------------------------------------------------
document.querySelector("[data-listen]")?.addEventListener("click", async (event) => {
  const player = document.querySelector("audio");
  const answer = await post(event.currentTarget.dataset.listen).catch(() => null);
  const problem = document.querySelector("[data-problem]");
  problem.hidden = Boolean(answer?.ok);
  if (!answer?.ok) return;
  player.src = URL.createObjectURL(await answer.blob());
  player.hidden = false;
  player.play();
});
