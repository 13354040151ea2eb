// Ctrl K: every command by its name; ?: every key.
const palette = document.getElementById("palette");
const keys = document.getElementById("keys");
const text = document.getElementById("palette-text");

const options = () => [...palette.querySelectorAll("[role=option]")].filter((option) => !option.hidden);
function choose(option) {
  for (const other of palette.querySelectorAll("[role=option]")) other.setAttribute("aria-selected", String(other === option));
  text.setAttribute("aria-activedescendant", option?.id ?? "");
  option?.scrollIntoView({ block: "nearest" });
}
function narrow() {
  const asked = text.value.trim().toLowerCase();
  for (const option of palette.querySelectorAll("[role=option]")) {
    option.hidden = !("search" in option.dataset) && !option.textContent.toLowerCase().includes(asked);
  }
  choose(options()[0]);
}
function run(option) {
  if (!option) return;
  palette.close();
  if (option.dataset.href) location.assign(option.dataset.href);
  else if (option.dataset.click) document.querySelector(option.dataset.click)?.click();
  else location.assign(option.dataset.search + encodeURIComponent(text.value));
}

if (palette) {
  addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      text.value = "";
      narrow();
      palette.showModal();
    } else if (event.key === "?" && !event.target.closest("input, textarea, select, [contenteditable]")) {
      keys.showModal();
    }
  });
  text.addEventListener("input", narrow);
  text.addEventListener("keydown", (event) => {
    const all = options();
    const here = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      choose(all[(here + (event.key === "ArrowDown" ? 1 : all.length - 1)) % all.length]);
    } else if (event.key === "Enter") {
      event.preventDefault();
      run(all[here]);
    }
  });
  palette.addEventListener("click", (event) => run(event.target.closest("[role=option]")));
}
