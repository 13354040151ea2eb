// Keyboard first: / search, j k rows, Enter opens, r reply, n note, Ctrl+Enter sends. Never with focus in a field.
const typing = (element) => element.closest("input, textarea, select, [contenteditable]");
const rows = () => [...document.querySelectorAll("a.ticket-row, a.ticket-link")];

function moveBy(step) {
  const all = rows();
  if (!all.length) return;
  const here = all.indexOf(document.activeElement);
  all[Math.min(all.length - 1, Math.max(0, here + step))].focus();
}

const KEYS = {
  "/": () => document.getElementById("find")?.focus(),
  j: () => moveBy(1),
  k: () => moveBy(-1),
  r: () => document.getElementById("reply-text")?.focus(),
  n: () => document.getElementById("note-text")?.focus(),
};

addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.form) {
    event.target.form.requestSubmit();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  const action = KEYS[event.key];
  if (action) {
    event.preventDefault();
    action();
  }
});

// One menu open at a time; Escape and a click elsewhere close it.
addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
addEventListener("keydown", (event) => {
  if (event.key === "Escape") document.querySelectorAll("details.menu[open]").forEach((menu) => { menu.open = false; });
});

// What an SMS will cost, while it is written.
for (const field of document.querySelectorAll("[data-sms]")) (await import("./sms-meter.js")).attach(field);
