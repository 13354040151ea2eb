// A ticket that several people have open: who is here, the draft kept as it is written, macros filled in.
const form = document.querySelector("form[data-presence]");

if (form) {
  const field = form.querySelector("textarea");
  const here = document.querySelector(".presence");
  const saved = form.querySelector("[data-saved]");
  const key = `draft:${form.dataset.presence}`;
  let sent = field.value;
  let typed = 0;

  // What the browser still has after a crash is newer than what the server was told.
  const local = localStorage.getItem(key);
  if (local && !field.value) { field.value = local; field.dispatchEvent(new Event("input")); }

  field.addEventListener("input", () => {
    typed = Date.now();
    if (field.value) localStorage.setItem(key, field.value); else localStorage.removeItem(key);
  });
  form.addEventListener("submit", () => localStorage.removeItem(key));

  const beat = async () => {
    if (document.hidden) return;
    const body = new URLSearchParams({ writing: Date.now() - typed < 6000 ? "1" : "0", seen: form.seen.value });
    const text = field.value;
    if (text !== sent) body.set("text", text);
    const answer = await fetch(form.dataset.presence, {
      method: "POST", body, headers: { "X-CSRFToken": form.csrf_token.value, Accept: "application/json" },
    });
    if (!answer.ok) return;
    const found = await answer.json();
    if (body.has("text")) { sent = text; saved.textContent = found.saved; }
    const told = found.told.join(" · ");
    if (here.textContent !== told) here.textContent = told;
  };
  beat().catch(() => {});
  setInterval(() => beat().catch(() => {}), 4000);
  addEventListener("pagehide", () => {
    navigator.sendBeacon(form.dataset.presence, new URLSearchParams({ left: "1", csrf_token: form.csrf_token.value }));
  });

  const macro = form.querySelector("[data-macros]");
  macro?.addEventListener("change", () => {
    const chosen = macro.selectedOptions[0];
    if (!chosen.dataset.text) return;
    field.value = field.value ? `${field.value}\n${chosen.dataset.text}` : chosen.dataset.text;
    form.urgency.value = chosen.dataset.urgency;
    field.dispatchEvent(new Event("input"));
    field.focus();
  });
}
