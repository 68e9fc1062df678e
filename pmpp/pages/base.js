// What all pages share: their data, making elements, numbers, lists that keys move through, source listings. No framework.
"use strict";

const pmpp = {
  data: JSON.parse(document.getElementById("data").textContent),
  reducedMotion: matchMedia("(prefers-reduced-motion: reduce)").matches,
};

// ---- elements -------------------------------------------------------------------------------------------------------

/// Sets attributes: `on...` are listeners, `style` is an object, null and false leave an attribute out.
pmpp.set = (element, attributes) => {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [key, v] of Object.entries(value)) element.style.setProperty(key, v);
    else element.setAttribute(name, value === true ? "" : value);
  }
  return element;
};
/// Puts children in the place of those that are there: elements or text, which is never read as HTML; lists of them, and null
/// for none.
pmpp.fill = (element, ...children) => {
  element.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
};
/// An HTML element with such children.
pmpp.el = (tag, attributes, ...children) => pmpp.fill(pmpp.set(document.createElement(tag), attributes), children);
/// The same for SVG.
pmpp.svg = (tag, attributes, ...children) =>
  pmpp.fill(pmpp.set(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes), children);

// ---- numbers --------------------------------------------------------------------------------------------------------

/// 1234567 -> "1,234,567", as the terminal shows it.
pmpp.number = (n, digits = 0) => n.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
/// 0.427 -> "43%".
pmpp.percent = (share) => `${pmpp.number(100 * share)}%`;
/// Three significant digits and a unit's prefix: 4.32e12 -> "4.32 T".
pmpp.short = (n) => {
  const prefixes = ["", " k", " M", " G", " T", " P"];
  let k = 0;
  for (; Math.abs(n) >= 999.5 && k < prefixes.length - 1; ++k) n /= 1000;
  return `${Number(n.toPrecision(3))}${prefixes[k]}`;
};
/// "1 line", "2 lines".
pmpp.plural = (n, one, many = `${one}s`) => `${pmpp.number(n)} ${n === 1 ? one : many}`;
/// [64, 2, 1] -> "64 x 2".
pmpp.size = (numbers) => {
  const shown = [...numbers];
  while (shown.length > 1 && shown.at(-1) === 1) shown.pop();
  return shown.map((n) => pmpp.number(n)).join(" x ");
};

// ---- lists that keys move through -------------------------------------------------------------------------------------

/// Makes the children of a `role="listbox"` that have `role="option"` one stop of the Tab key: arrows, Home, End, Page Up and
/// Page Down move, and what is moved to or clicked is selected. Returns {select(option), selected()}; `onSelect(option)` is told.
pmpp.keyboardList = (list, onSelect = () => {}, { horizontal = false, page = 10 } = {}) => {
  const options = () => [...list.querySelectorAll('[role="option"]')];
  let current = null;
  const select = (option, { focus = false, tell = true } = {}) => {
    if (!option) return;
    if (current) pmpp.set(current, { "aria-selected": "false", tabindex: -1 });
    current = option;
    pmpp.set(option, { "aria-selected": "true", tabindex: 0 });
    if (focus) option.focus();
    if (tell) onSelect(option);
  };
  const [back, on] = horizontal ? ["ArrowLeft", "ArrowRight"] : ["ArrowUp", "ArrowDown"];
  list.addEventListener("keydown", (event) => {
    const all = options(), at = all.indexOf(event.target.closest('[role="option"]'));
    const to = { [back]: at - 1, [on]: at + 1, Home: 0, End: all.length - 1, PageUp: at - page, PageDown: at + page }[event.key];
    if (at < 0 || event.ctrlKey || event.altKey || event.metaKey) return;
    if (to === undefined) {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      return select(all[at]);
    }
    event.preventDefault();
    select(all[Math.max(0, Math.min(all.length - 1, to))], { focus: true });
  });
  list.addEventListener("click", (event) => {
    const option = event.target.closest('[role="option"]');
    if (option && list.contains(option)) select(option, { focus: true });
  });
  for (const option of options()) pmpp.set(option, { tabindex: -1, "aria-selected": "false" });
  if (options().length) options()[0].setAttribute("tabindex", "0");
  return { select, selected: () => current };
};

// ---- source listings ------------------------------------------------------------------------------------------------

/// A listing of source lines.
///   lines       [{number, text, ...}], with a gap shown where numbers jump
///   label       what it is, for screen readers
///   columns     [{title, cell(line) -> text or element, class}], between the number and the text
///   selectable  line -> whether it can be selected; all by default
///   onSelect    told the line
/// Returns {element, row(number), select(number, options), reveal(number), refresh()}: reveal moves a line into the box, and not
/// the page; refresh makes the cells of the columns anew.
pmpp.listing = ({ lines, label, columns = [], selectable = () => true, onSelect = () => {} }) => {
  const rows = new Map();
  const fill = (row, line) => {
    const cells = columns.map(({ cell, class: kind = "" }) => pmpp.el("span", { class: kind }, cell(line) ?? ""));
    row.replaceChildren(
      pmpp.el("span", { class: "line-number" }, String(line.number)), ...cells,
      pmpp.el("span", { class: "source-text" }, line.text || " "),
    );
  };
  const list = pmpp.el("div", {
    role: "listbox", "aria-label": label, style: { "grid-template-columns": `repeat(${columns.length + 1}, max-content) 1fr` },
  });
  if (columns.some(({ title }) => title)) {
    const titles = columns.map(({ title, class: kind = "" }) => pmpp.el("span", { class: kind }, title ?? ""));
    list.append(
      pmpp.el("div", { class: "source-line source-head", "aria-hidden": "true" },
        pmpp.el("span", { class: "line-number" }, "line"), ...titles, pmpp.el("span", {}, "source")),
    );
  }
  let before = null;
  for (const line of lines) {
    if (before !== null && line.number > before + 1) list.append(pmpp.el("div", { class: "source-gap", "aria-hidden": "true" }, "···"));
    before = line.number;
    const row = pmpp.el("div", { class: "source-line", role: selectable(line) ? "option" : null, "data-line": line.number });
    fill(row, line);
    rows.set(line.number, { row, line });
    list.append(row);
  }
  const keys = pmpp.keyboardList(list, (row) => onSelect(rows.get(Number(row.dataset.line)).line));
  const element = pmpp.el("div", { class: "listing" }, list);
  return {
    element,
    reveal: (number) => {
      const box = element.getBoundingClientRect(), row = rows.get(number)?.row.getBoundingClientRect();
      if (row && (row.top < box.top || row.bottom > box.bottom)) element.scrollTop += row.top - box.top - box.height / 3;
    },
    row: (number) => rows.get(number)?.row,
    select: (number, options) => keys.select(rows.get(number)?.row, options),
    refresh: () => { for (const { row, line } of rows.values()) fill(row, line); },
  };
};
