// Small parts that the widgets share.

export function make(tag, attributes = {}, ...children) {
  const svg = ["svg", "path", "line", "text", "circle"].includes(tag);
  const o = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [k, v] of Object.entries(attributes)) o.setAttribute(k, v);
  o.append(...children);
  return o;
}

export function slider(name, attributes, change) {
  const id = `w-${Math.random().toString(36).slice(2)}`;
  const input = make("input", { type: "range", id, ...attributes });
  const output = make("output", { for: id });
  const label = make("label", { for: id }, name);
  const show = () => {
    output.textContent = Number(input.value).toFixed(2);
    change(Number(input.value));
  };
  input.addEventListener("input", show);
  return { input, output, row: make("div", { class: "w-slider" }, label, input, output), show };
}

// a bar from 0 to 1, with an optional mark
export function meter(name) {
  const fill = make("i", { class: "w-fill" });
  const bar = make("div", { class: "w-meter", role: "meter", "aria-label": name, "aria-valuemin": 0, "aria-valuemax": 1 }, fill);
  const number = make("span", { class: "w-number", "aria-hidden": "true" });
  const set = (p, yes) => {
    fill.style.width = `${100 * p}%`;
    bar.classList.toggle("w-yes", yes);
    bar.setAttribute("aria-valuenow", p.toFixed(4));
    bar.setAttribute("aria-valuetext", p.toFixed(2));
    number.textContent = p.toFixed(2);
  };
  return { cell: make("div", { class: "w-cell" }, bar, number), set };
}

// said to a screen reader once the hand rests
export function speaker(root) {
  const place = make("p", { role: "status", class: "w-said" });
  root.append(place);
  let waiting;
  return (text) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => (place.textContent = text), 400);
  };
}
