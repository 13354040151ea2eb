// Draws each chart from its own table: what is not seen can be read, and there is nothing to say twice.
const HEIGHT = { large: 280, small: 150 };
const number = new Intl.NumberFormat(document.documentElement.lang);

function table(figure) {
  const cells = (tr) => [...tr.querySelectorAll("td")];
  const kinds = [...figure.querySelectorAll("thead th[data-kind]")].map((th) => ({ kind: th.dataset.kind, label: th.textContent }));
  const rows = [...figure.querySelectorAll("tbody tr")].map((tr) => ({
    label: tr.querySelector("th").textContent,
    cells: cells(tr).map((td) => td.textContent.trim()),
    values: cells(tr).map((td) => td.querySelector("data")).map((data) => (data ? Number(data.value) : null)),
  }));
  return { kinds, rows };
}

// A dashed line and a band begin where the solid line ends; in the table they do not.
function joined(kinds, rows) {
  const columns = kinds.map((_, c) => rows.map((row) => row.values[c]));
  const solid = columns[kinds.findIndex((k) => k.kind === "line")] ?? [];
  for (const column of columns) {
    const first = column.findIndex((value) => value !== null);
    if (column !== solid && first > 0 && solid[first - 1] != null) column[first - 1] = solid[first - 1];
  }
  return columns;
}

// What a colour of the design system is now: light-dark() is resolved by the style of an element.
function colour(figure, name) {
  const probe = figure.appendChild(document.createElement("i"));
  probe.className = `tone ${name}`;
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

function options(figure, { kinds, rows }, size, show) {
  const tone = (name) => colour(figure, name);
  const [strong, soft, ink, line] = ["strong", "soft", "ink", "line"].map(tone);
  const font = `12px ${getComputedStyle(figure).fontFamily}`;
  const axis = { stroke: ink, font, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1, size: 4 } };
  const at = (kind) => kinds.findIndex((k) => k.kind === kind) + 1;
  const drawn = { line: { stroke: strong, width: 2 }, dash: { stroke: strong, width: 2, dash: [6, 4] }, low: { stroke: soft, width: 1 }, high: { stroke: soft, width: 1 } };
  return {
    ...size,
    padding: [null, 32, null, null], // the last month is written half beyond its place
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
    scales: { x: { time: false }, y: { range: (_, low, high) => [Math.min(0, low), high > 0 ? high * 1.08 : 1] } },
    axes: [
      { ...axis, size: 30, space: 72, incrs: [1, 2, 3, 6, 12, 24], values: (_, splits) => splits.map((x) => rows[x]?.label ?? "") },
      { ...axis, size: 52, values: (_, splits) => splits.map((y) => number.format(y)) },
    ],
    series: [{}, ...kinds.map((k) => ({ ...drawn[k.kind], points: { show: false } }))],
    bands: at("low") && at("high") ? [{ series: [at("high"), at("low")], fill: soft }] : [],
    hooks: { setCursor: [(plot) => show(plot.cursor.idx)] },
  };
}

function draw(figure) {
  const place = figure.querySelector(".plot");
  const reading = figure.querySelector(".reading");
  const said = reading.textContent;
  const content = table(figure);
  if (content.rows.length < 2) return;
  place.hidden = false;
  const size = () => ({ width: Math.max(place.clientWidth, 120), height: HEIGHT[figure.classList.contains("small") ? "small" : "large"] });
  const show = (index) => {
    const row = content.rows[index];
    reading.textContent = row ? `${row.label}: ${content.kinds.map((k, c) => row.cells[c] && `${k.label} ${row.cells[c]}`).filter(Boolean).join(" · ")}` : said;
  };
  let plot;
  const build = () => {
    plot?.destroy();
    plot = new uPlot(options(figure, content, size(), show), [content.rows.map((_, x) => x), ...joined(content.kinds, content.rows)], place);
  };
  build();
  new ResizeObserver(() => plot.setSize(size())).observe(place);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", build);
  new MutationObserver(build).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  const last = content.rows.length - 1;
  const KEYS = { ArrowLeft: (x) => x - 1, ArrowRight: (x) => x + 1, Home: () => 0, End: () => last };
  place.addEventListener("keydown", (event) => {
    const to = KEYS[event.key];
    if (!to) return;
    event.preventDefault();
    const x = Math.min(last, Math.max(0, to(plot.cursor.idx ?? last)));
    plot.setCursor({ left: plot.valToPos(x, "x"), top: 0 });
  });
}

for (const figure of document.querySelectorAll("[data-chart]")) draw(figure);
