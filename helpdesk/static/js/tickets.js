// The list: choosing rows, and new or changed rows within two seconds without a reload.
const form = document.getElementById("bulk");

if (form) {
  const bar = form.querySelector(".bulk-bar");
  const boxes = () => [...form.querySelectorAll('input[name="numbers"]')];
  const count = () => {
    if (!bar) return;
    const chosen = boxes().filter((box) => box.checked).length;
    bar.hidden = !chosen;
    const said = bar.querySelector("[data-chosen]");
    said.textContent = said.dataset.chosen.replace("{n}", chosen);
  };
  form.addEventListener("change", (event) => {
    if (event.target.matches("[data-pick-page]")) {
      for (const box of boxes()) box.checked = event.target.checked;
    }
    count();
  });
  form.addEventListener("click", (event) => {
    if (!event.shiftKey || !event.target.matches('input[name="numbers"]')) return;
    const all = boxes();
    const here = all.indexOf(event.target);
    const from = all.findIndex((box) => box.dataset.last);
    if (from >= 0) for (const box of all.slice(Math.min(from, here), Math.max(from, here) + 1)) box.checked = event.target.checked;
    count();
  });
  form.addEventListener("change", (event) => {
    for (const box of boxes()) delete box.dataset.last;
    if (event.target.name === "numbers") event.target.dataset.last = "1";
  });
  addEventListener("keydown", (event) => {
    if (event.key !== "x" || event.target.closest("input:not([type=checkbox]), textarea, select") || event.ctrlKey) return;
    const row = document.activeElement?.closest("tr");
    const box = row?.querySelector('input[name="numbers"]');
    if (box) box.click();
  });
  live(form);
  count();
}

function live(list) {
  let seen = list.dataset.seen;
  let tag = seen;
  const body = list.querySelector("tbody");
  const news = list.querySelector(".news");
  const first = list.hasAttribute("data-first");

  const place = (number, html) => {
    const old = document.getElementById(`row-${number}`);
    if (!old && !first) return false;
    const template = document.createElement("template");
    template.innerHTML = html.trim();
    const row = template.content.firstElementChild;
    if (old && old.innerHTML === row.innerHTML) return false;
    const box = old?.querySelector('input[name="numbers"]');
    const here = old?.contains(document.activeElement);
    row.classList.add("fresh");
    if (box?.checked) row.querySelector('input[name="numbers"]').checked = true;
    if (here) old.replaceWith(row); else { old?.remove(); body.prepend(row); }
    if (here) row.querySelector("a").focus();
    return true;
  };

  const look = async () => {
    if (document.hidden) return;
    const query = new URLSearchParams(location.search);
    query.set("seen", seen);
    const answer = await fetch(`${list.dataset.live}?${query}`, { headers: { "If-None-Match": `"${tag}"`, Accept: "application/json" } });
    if (answer.status !== 200) return;
    const found = await answer.json();
    tag = seen = found.seen;
    let changed = 0;
    for (const number of Object.keys(found.rows).reverse()) changed += place(number, found.rows[number]);
    for (const number of found.changed) {
      const row = document.getElementById(`row-${number}`);
      if (row && !(number in found.rows) && !row.contains(document.activeElement)) { row.remove(); changed += 1; }
    }
    if (changed) news.textContent = news.dataset.text.replace("{n}", changed);
  };
  setInterval(() => look().catch(() => {}), 1500);
}

// How far the last action on many tickets has come.
const bulk = document.querySelector("[data-bulk][data-going]");
if (bulk) {
  const timer = setInterval(async () => {
    const answer = await fetch("/tickets/bulk", { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    const found = await answer.json();
    if (!found.id) return;
    bulk.querySelector("[data-text]").textContent = found.text;
    bulk.querySelector("progress").value = found.done;
    if (!found.going) { clearInterval(timer); location.reload(); }
  }, 1000);
}
