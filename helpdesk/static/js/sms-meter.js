// What an SMS will cost, while it is written: parts as bars, encoding, price, the characters that make it dear.
import { measure } from "./sms.js";

const FEW = 6; // more characters than these are no slip, but another script
const LINK = /(?:https?:\/\/|www\.)\S+/i;

export function attach(field) {
  const meter = document.getElementById(field.dataset.sms);
  const [bars, out, dear, long, link] = [".parts", "output", ".dear", ".long", ".link"].map((part) => meter.querySelector(part));
  const money = new Intl.NumberFormat(document.documentElement.lang || "en", { style: "currency", currency: meter.dataset.currency, maximumFractionDigits: 4 });

  function show() {
    const text = field.value.replace(/\r?\n/g, "\n");
    const size = measure(text);
    draw(bars, size.parts, size.units / size.room * size.parts - (size.parts - 1));
    out.textContent = fill(out.dataset.text, { ...size, price: money.format(size.parts * Number(meter.dataset.price)) });
    dear.hidden = !(size.offenders.length && size.offenders.length <= FEW);
    dear.textContent = fill(dear.dataset.text, { chars: size.offenders.map((char) => `“${char}”`).join(" ") });
    long.hidden = size.parts <= Number(meter.dataset.most);
    link.hidden = meter.dataset.links === "1" || !LINK.test(text);
  }

  field.addEventListener("input", show);
  show();
}

function draw(bars, parts, last) {
  while (bars.children.length > parts) bars.lastChild.remove();
  while (bars.children.length < parts) bars.append(Object.assign(document.createElement("progress"), { max: 1 }));
  [...bars.children].forEach((bar, index) => { bar.value = index < parts - 1 ? 1 : last; });
}

function fill(pattern, values) {
  return pattern.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}
