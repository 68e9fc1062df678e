// One block's run, forwards and backwards: the page of `pmpp replay`. pmpp/testing/recording.py says what a step is.
"use strict";

pmpp.replay = {};   // what the steps below have in common, and what tests look at

// ---- the state at a step ----------------------------------------------------------------------------------------------

/// Everything at one step: `goto(step)` makes it from the keyframe before and the steps since, so that backwards is as quick as forwards.
pmpp.replay.machine = (data, steps) => {
  const warps = Math.ceil(data.threads / 32), lanes = warps * 32, words = Math.ceil(data.shared_bytes / 4);
  const often = 256;
  const blank = () => ({
    at: -1,
    line: new Int16Array(lanes).fill(-1),
    active: new Uint32Array(warps), parked: new Uint32Array(warps), converging: new Uint32Array(warps),
    waiting: new Uint32Array(warps), exited: new Uint32Array(warps),
    word: new Uint32Array(words), writer: new Int16Array(words).fill(-1), written: new Int32Array(words).fill(-1),
    value: data.variables.map(() => new Array(lanes).fill(null)),
    changed: data.variables.map(() => new Int32Array(lanes).fill(-1)),
    phase: 0,
  });
  const copy = (s) => ({
    ...s, line: s.line.slice(), active: s.active.slice(), parked: s.parked.slice(), converging: s.converging.slice(),
    waiting: s.waiting.slice(), exited: s.exited.slice(), word: s.word.slice(), writer: s.writer.slice(), written: s.written.slice(),
    value: s.value.map((row) => row.slice()), changed: s.changed.map((row) => row.slice()),
  });
  const apply = (s, number) => {
    const step = steps[number], w = step.w, base = 32 * w;
    const each = (mask, f) => { for (let lane = 0, k = 0; lane < 32; ++lane) if (mask >>> lane & 1) f(base + lane, k++); };
    s.at = number;
    s.active[w] = step.m;
    if (step.p) {
      s.parked[w] = s.converging[w] = 0;
      for (const [mask, line, state] of step.p) {
        if (state === 2) continue;   // at a barrier, which is known
        s.parked[w] |= mask;
        if (state === 3) s.converging[w] |= mask;
        if (line >= 0) each(mask, (thread) => { s.line[thread] = line; });
      }
    }
    if (step.l >= 0) each(step.m, (thread) => { s.line[thread] = step.l; });
    for (const [variable, mask, values] of step.v ?? [])
      each(mask, (thread, k) => {
        s.value[variable][thread] = values[k];
        s.changed[variable][thread] = number;
      });
    for (const [word, value, lane] of step.s ?? []) {
      s.word[word] = value;
      s.writer[word] = lane < 0 ? -2 : base + lane;
      s.written[word] = number;
    }
    for (const [, mask] of step.b ?? []) s.waiting[w] |= mask;
    for (const [, arrived] of step.d ?? []) {
      ++s.phase;
      arrived.forEach((mask, v) => { s.waiting[v] &= ~mask; });
    }
    if (step.x) s.exited[w] |= step.x;
  };
  let now = blank();
  const keyframes = [];
  for (let number = 0; number < steps.length; ++number) {
    if (number % often === 0) keyframes.push(copy(now));
    apply(now, number);
  }
  return {
    warps,
    goto(number) {
      const frame = keyframes[Math.floor(number / often)];
      if (now.at > number || now.at < frame.at) now = copy(frame);
      while (now.at < number) apply(now, now.at + 1);
      return now;
    },
  };
};

/// What a lane does: its line, and how.
pmpp.replay.how = (state, step, thread) => {
  const warp = thread >>> 5, bit = 1 << (thread & 31);
  if (state.exited[warp] & bit && !(step.w === warp && step.m & bit)) return "exited";
  if (state.line[thread] < 0) return "unstarted";
  if (step.w === warp && step.m & bit) return "active";
  if (state.waiting[warp] & bit) return "barrier";
  if (state.parked[warp] & bit) return "parked";
  return "idle";
};

pmpp.replay.lanesOf = (mask) => [...Array(32).keys()].filter((lane) => mask >>> lane & 1);
pmpp.replay.spread = (numbers, mask) => {
  const lanes = pmpp.replay.lanesOf(mask);
  return new Map(lanes.map((lane, k) => [lane, Array.isArray(numbers) ? numbers[k] : numbers.from + numbers.by * k]));
};

// ---- words ------------------------------------------------------------------------------------------------------------

pmpp.replay.triple = (numbers) => `(${numbers.join(", ")})`;
pmpp.replay.shown = (value) => {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return value.replace("Infinity", "inf");
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return String(value);
  const text = String(Number(value.toPrecision(4)));
  return text.length <= 7 ? text : value.toExponential(1).replace("e+", "e");
};
/// The value of an element of shared memory that begins at a word.
pmpp.replay.element = (state, word, type) => {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setUint32(0, state.word[word], true);
  if (type === "f64" || type === "s64" || type === "u64") {
    bits.setUint32(4, state.word[word + 1] ?? 0, true);
    if (type === "f64") return bits.getFloat64(0, true);
    const long = type === "s64" ? bits.getBigInt64(0, true) : bits.getBigUint64(0, true);
    return Number(long);
  }
  if (type === "f32") return Number(Number(bits.getFloat32(0, true)).toPrecision(9));
  if (type === "u32") return bits.getUint32(0, true);
  if (type === "s32" || type === "") return bits.getInt32(0, true);
  return bits.getUint32(0, true).toString(16).padStart(8, "0");
};

/// What a step does to memory, in sentences.
pmpp.replay.accesses = (data, step) => {
  const verbs = { r: "reads", w: "writes", a: "updates atomically" };
  const found = [];
  for (const [kind, where, bytes, mask, at] of step.t ?? []) {
    const places = [...pmpp.replay.spread(at, mask).values()];
    const name = where < 0 ? null : data.allocations[where];
    const lowest = Math.min(...places), highest = Math.max(...places);
    const variable = where < 0 ? data.shared.find((v) => lowest >= v.offset && lowest < v.offset + v.bytes) : null;
    const base = variable ? variable.offset : 0, title = variable?.name ?? name?.name ?? "shared memory";
    const from = Math.floor((lowest - base) / bytes), to = Math.floor((highest - base) / bytes);
    const range = from === to ? `${title}[${from}]` : `${title}[${from}] to [${to}]`;
    found.push(`${verbs[kind]} ${range} in ${where < 0 ? "shared" : "global"} memory`);
  }
  return [...new Set(found)];
};

// ---- the page ---------------------------------------------------------------------------------------------------------

pmpp.replay.show = (data, steps) => {
  const { machine: makeMachine, how, lanesOf, spread, shown, element, accesses, triple } = pmpp.replay;
  const { el, set, plural, number: written } = pmpp;
  const machine = makeMachine(data, steps), warps = machine.warps, last = steps.length - 1;
  const main = document.getElementById("page");
  const executed = [...new Set(data.lines.map((line) => line.line))].sort((a, b) => a - b);
  const colour = (line) => (line < 0 ? "none" : `hue${executed.indexOf(data.lines[line].line) % 5}`);
  const place = (line) => (line < 0 ? "no line" : `line ${data.lines[line].line}`);
  const threadName = (thread) => `thread ${thread} (warp ${thread >>> 5}, lane ${thread & 31})`;
  const barriers = steps.flatMap((step, k) => (step.d ? [k] : []));
  let at = 0, warp = 0, pinned = false, timer = null, word = null, state = null;

  // -- what happened, and how to move
  const findings = data.findings;
  document.getElementById("top").append(el("div", {},
    el("p", { class: "quiet" },
      `Block ${triple(data.of)} of ${pmpp.size(data.grid)}, ${plural(data.threads, "thread")} in ${plural(warps, "warp")}; ` +
      `launch ${data.launch}${data.seed ? `; schedule ${data.seed}` : ""}.`),
    data.said.map((sentence) => el("p", { class: "said" }, sentence))));
  if (findings.length)
    document.getElementById("top").append(el("section", { class: "panel findings", "aria-label": "Findings" },
      el("h2", {}, plural(findings.length, "finding")),
      el("ul", {}, findings.map((finding) => el("li", {},
        el("strong", {}, `${finding.kind}: `), finding.message, " ",
        finding.steps.map((step, k) => el("button", { onclick: () => go(step), class: "jump" },
          `${finding.ends?.[k] ?? "go there"} (step ${written(step + 1)})`)),
        finding.steps.length ? null : el("span", { class: "quiet" }, finding.elsewhere ?? "Not in this block."))))));

  const slider = el("input", {
    type: "range", min: 1, max: steps.length, value: 1, step: 1, "aria-label": "Step", id: "slider", oninput: () => go(Number(slider.value) - 1),
  });
  const button = (text, label, key, action) => el("button", { onclick: action, title: `${label} (${key})`, "aria-label": label, "aria-keyshortcuts": key }, text);
  const play = button("▶", "Play", "Space", () => toggle());
  const strip = el("canvas", { class: "strip", "aria-hidden": "true", onclick: (event) => {
    const box = strip.getBoundingClientRect();
    go(Math.floor((event.clientX - box.left) / box.width * steps.length));
  } });
  const said = el("output", { class: "now", "aria-live": "polite" });
  const did = el("p", { class: "small quiet did" });
  main.append(el("section", { class: "panel controls", "aria-label": "Time" },
    strip, slider,
    el("div", { class: "row" },
      button("|◀◀", "First step", "Home", () => go(0)), button("‖◀", "Barrier before", "p", () => go(before(barriers))),
      button("◀", "Step back", "ArrowLeft", () => go(at - 1)), play, button("▶|", "Step", "ArrowRight", () => go(at + 1)),
      button("▶‖", "Next barrier", "n", () => go(after(barriers))), button("▶▶|", "Last step", "End", () => go(last))),
    said, did));

  // -- source and threads
  const listings = data.sources.map((part) => {
    const ids = new Map();
    data.lines.forEach((line, id) => { if (line.file === part.file) ids.set(line.line, [...(ids.get(line.line) ?? []), id]); });
    const listing = pmpp.listing({
      lines: part.lines, label: `Source of ${part.name}`, selectable: (line) => ids.has(line.number),
      columns: [{ title: "lanes", class: "count", cell: (line) => {
        const here = ids.get(line.number);
        if (!here || !state) return "";
        const count = state.line.reduce((sum, id, thread) => sum + (here.includes(id) && how(state, steps[at], thread) !== "exited" ? 1 : 0), 0);
        return count ? el("span", { class: `chip ${colour(here[0])}` }, String(count)) : "";
      } }],
      onSelect: (line) => {
        const here = ids.get(line.number), hit = (k) => here.includes(steps[k].l);
        for (let k = at + 1; k <= last; ++k) if (hit(k)) return go(k);
        for (let k = 0; k <= at; ++k) if (hit(k)) return go(k);
      },
    });
    return { ...listing, part, ids };
  });
  const cells = [], notes = [];
  const rows = [...Array(warps).keys()].map((w) => {
    const own = [...Array(32).keys()].map((lane) => el("span", { class: "lane" }));
    cells.push(...own);
    notes.push(el("span", { class: "note small" }));
    return el("div", { role: "option", class: "warp", "data-warp": w }, el("span", { class: "warp-name small", "data-short": w }, `warp ${w}`), el("span", { class: "lanes" }, own), notes[w]);
  });
  const grid = el("div", { role: "listbox", "aria-label": "Warps", class: "warps" }, rows);
  const keys = pmpp.keyboardList(grid, (row) => { warp = Number(row.dataset.warp); pinned = true; if (state) draw(); });
  const laneSaid = el("output", { class: "small quiet lane-said" }, "Point at a lane, or choose a warp.");
  grid.addEventListener("pointerover", (event) => {
    const thread = cells.indexOf(event.target);
    if (thread >= 0 && thread < data.threads) laneSaid.textContent = describe(thread);
  });
  const legend = el("p", { class: "small legend" }, [["active", "executes the line"], ["idle", "its warp is not at work"],
    ["parked", "waits for lanes of its warp"], ["barrier", "waits at a barrier"], ["exited", "has returned"]]
    .map(([kind, text]) => [el("span", { class: `lane hue0 ${kind}`, "aria-hidden": "true" }), ` ${text}  `]));
  main.append(el("div", { class: "columns two" },
    el("section", { class: "panel", "aria-label": "Source" }, el("h2", {}, "Source"),
      listings.map(({ element: listing, part }) => [data.sources.length > 1 ? el("h3", {}, part.name) : null, listing]),
      el("p", { class: "small quiet" }, "A line that is chosen leads to the next step that executes it.")),
    el("section", { class: "panel", "aria-label": "Threads" }, el("h2", {}, "Threads"), grid, laneSaid, legend)));

  // -- variables of a warp
  const follow = el("button", { onclick: () => { pinned = !pinned; draw(); }, "aria-pressed": "true" }, "Follow the running warp");
  const table = el("table", { class: "values small" });
  const valuesTitle = el("h2", {});
  main.append(el("section", { class: "panel", "aria-label": "Values" }, el("div", { class: "row" }, valuesTitle, follow), el("div", { class: "wide", tabindex: 0, role: "group", "aria-label": "Values by lane" }, table),
    el("p", { class: "small quiet" }, data.variables.length
      ? "What the line that assigns a name computed last, by lane, read from the machine code: the compiler may count a loop otherwise than it is written. Bold: in this step."
      : "No line of the source assigns a value that can be followed.")));
  const head = el("tr", {}, el("th", { scope: "col" }, "lane"), [...Array(32).keys()].map((lane) => el("th", { scope: "col", class: "number" }, String(lane))));
  const lineRow = el("tr", {}, el("th", { scope: "row" }, "line"), [...Array(32).keys()].map(() => el("td", { class: "number" })));
  const variableRows = data.order.map((variable) => ({
    variable, cells: [...Array(32).keys()].map(() => el("td", { class: "number" })),
  }));
  table.append(el("thead", {}, head), el("tbody", {}, lineRow,
    variableRows.map(({ variable, cells: own }) => el("tr", { "data-variable": data.variables[variable] }, el("th", { scope: "row" }, el("code", {}, data.variables[variable])), own))));

  // -- shared memory
  const boards = data.shared.map((variable) => {
    const wide = ["f64", "s64", "u64"].includes(variable.type) ? 2 : 1, first = Math.floor(variable.offset / 4);
    const count = Math.ceil(variable.bytes / 4 / wide), most = 2048;
    const shownWords = Math.min(count, most);
    const own = [...Array(shownWords).keys()].map((k) => el("span", { role: "option", class: "word", "data-word": first + k * wide, style: wide > 1 ? { "grid-column": "span 2" } : null }));
    const board = el("div", { role: "listbox", class: "board", "aria-label": `${variable.name} in shared memory`, tabindex: null }, own);
    pmpp.keyboardList(board, (option) => { word = { variable, word: Number(option.dataset.word), wide }; sayWord(); }, { horizontal: true, page: 32 / wide });
    board.addEventListener("pointerover", (event) => {
      const option = event.target.closest(".word");
      if (option) { word = { variable, word: Number(option.dataset.word), wide }; sayWord(); }
    });
    return { variable, board, own, wide, count, shownWords, known: new Array(shownWords).fill("") };
  });
  const wordSaid = el("output", { class: "small word-said" }, "Point at a word, or move through them with the arrow keys.");
  if (boards.length)
    main.append(el("section", { class: "panel", "aria-label": "Shared memory" }, el("h2", {}, "Shared memory"), wordSaid,
      boards.map(({ variable, board, count, shownWords }) => [
        el("h3", {}, el("code", {}, variable.name), el("span", { class: "quiet small" }, ` ${plural(variable.bytes, "byte")}, a row is 32 banks` + (count > shownWords ? `; the first ${written(shownWords)} of ${written(count)} elements` : ""))),
        el("div", { class: "wide" }, board)]),
      el("p", { class: "small legend" }, el("span", { class: "word hue0" }, "1"), " written by warp 0, ", el("span", { class: "word hue1" }, "1"), " by warp 1 …  ",
        el("span", { class: "word hue0 fresh" }, "1"), " written in this step  ", el("span", { class: "word hue0 read" }, "1"), " read in this step  ", findings.length ? [el("span", { class: "word hue0 clash" }, "1"), " of a finding  "] : null, el("span", { class: "word none" }, "·"), " never written")));

  main.append(el("p", { class: "small quiet" }, "Keys: ", ["←", "→", "Home", "End"].map((key) => [el("kbd", {}, key), " "]), "steps, ",
    el("kbd", {}, "n"), " ", el("kbd", {}, "p"), " barriers, ", el("kbd", {}, "f"), " findings, ", el("kbd", {}, "Space"), " plays."));

  // -- drawing
  const describe = (thread) => {
    const kind = how(state, steps[at], thread);
    const words = { active: "executes", idle: "is at", parked: "waits for other lanes at", barrier: "waits at the barrier of", exited: "has returned; it was last on", unstarted: "has not begun" }[kind];
    return `${threadName(thread)} ${words}${kind === "unstarted" ? "" : ` ${place(state.line[thread])}`}.`;
  };
  const sayWord = () => {
    if (!word || !state) return;
    const { variable, wide } = word, writer = state.writer[word.word];
    const index = (word.word - Math.floor(variable.offset / 4)) / wide;
    const text = state.written[word.word] < 0 ? "was never written"
      : `= ${element(state, word.word, variable.type)}, written by ${writer < 0 ? "an asynchronous copy" : threadName(writer)} on ${place(steps[state.written[word.word]].l)}, step ${written(state.written[word.word] + 1)}`;
    wordSaid.textContent = `${variable.name}[${index}] (bank ${word.word % 32}) ${text}.`;
  };
  const after = (list) => list.find((k) => k > at) ?? last;
  const before = (list) => list.findLast((k) => k < at) ?? 0;

  const drawStrip = () => {
    const ratio = window.devicePixelRatio || 1, width = strip.clientWidth || 600, tall = Math.max(3, Math.min(9, Math.floor(160 / warps)));
    const height = warps * tall + 14;
    strip.width = width * ratio;
    strip.height = height * ratio;
    strip.style.height = `${height}px`;
    const c = strip.getContext("2d"), style = getComputedStyle(document.documentElement), hue = (name) => style.getPropertyValue(name);
    const hues = ["--blue", "--orange", "--green", "--red", "--purple"].map(hue);
    c.scale(ratio, ratio);
    const x = (k) => k / steps.length * width;
    steps.forEach((step, k) => {
      const index = step.l < 0 ? -1 : executed.indexOf(data.lines[step.l].line) % 5;
      c.fillStyle = index < 0 ? hue("--idle") : hues[index];
      c.fillRect(x(k), 12 + step.w * tall, Math.max(1, x(k + 1) - x(k)), tall - 1);
    });
    c.fillStyle = hue("--line");
    for (const k of barriers) c.fillRect(x(k + 1) - .5, 10, 1, height - 10);
    c.fillStyle = hue("--red");
    for (const finding of findings)
      for (const k of finding.steps) {
        c.beginPath();
        c.moveTo(x(k + .5) - 5, 0);
        c.lineTo(x(k + .5) + 5, 0);
        c.lineTo(x(k + .5), 10);
        c.fill();
      }
    c.strokeStyle = hue("--text");
    c.lineWidth = 2;
    c.strokeRect(x(at) - 1, 11, Math.max(2, x(at + 1) - x(at)) + 2, height - 12);
  };

  const draw = () => {
    const step = steps[at];
    if (!pinned) warp = step.w;
    const line = step.l < 0 ? null : data.lines[step.l], lanes = lanesOf(step.m);
    const where = line ? `line ${line.line}` + (line.call ? `, called on line ${line.call}` : "") : "no line";
    said.replaceChildren(el("strong", {}, `Step ${written(at + 1)} of ${written(steps.length)}`), `: warp ${step.w} executes ${where} with ${plural(lanes.length, "lane")}. `,
      line ? el("code", { class: "quiet" }, line.text.trim()) : "");
    const waiting = [...Array(warps).keys()].filter((w) => state.waiting[w]);
    const facts = [...accesses(data, step)];
    if (step.b && !step.d) facts.push("comes to a barrier");
    if (step.d) facts.push("is the last to come to the barrier, which opens");
    if (step.x) facts.push(`${plural(lanesOf(step.x).length, "lane")} returned`);
    did.textContent = `${plural(step.n, "instruction")}${facts.length ? `: ${facts.join("; ")}` : ""}.` +
      (waiting.length ? ` At a barrier: warp${waiting.length > 1 ? "s" : ""} ${waiting.join(", ")}.` : "");
    set(slider, { "aria-valuetext": said.textContent });
    slider.value = at + 1;
    for (const listing of listings) {
      listing.refresh();
      for (const { number: n } of listing.part.lines) {
        const row = listing.row(n), isNow = line && line.file === listing.part.file && line.line === n;
        row.classList.toggle("now-line", Boolean(isNow));
        if (isNow) row.scrollIntoView && keepInView(listing.element, row);
      }
    }
    for (let thread = 0; thread < cells.length; ++thread) {
      const name = thread >= data.threads ? "lane absent" : `lane ${colour(state.line[thread])} ${how(state, step, thread)}`;
      if (cells[thread].className !== name) cells[thread].className = name;
    }
    rows.forEach((row, w) => {
      const own = [...Array(32).keys()].map((lane) => 32 * w + lane).filter((thread) => thread < data.threads);
      const kinds = new Set(own.map((thread) => how(state, step, thread)));
      const lines = [...new Set(own.filter((thread) => how(state, step, thread) !== "exited").map((thread) => state.line[thread]))].filter((id) => id >= 0);
      const text = kinds.size === 1 && kinds.has("exited") ? "done" : kinds.size === 1 && kinds.has("unstarted") ? "not begun"
        : `${kinds.has("barrier") ? "‖ " : kinds.has("active") ? "▸ " : ""}${[...new Set(lines.map((id) => data.lines[id].line))].sort((a, b) => a - b).join(", ")}`;
      if (notes[w].textContent !== text) notes[w].textContent = text;
      row.classList.toggle("running", w === step.w);
      row.classList.toggle("chosen", w === warp);
      set(row, { "aria-label": `warp ${w}: ${text.replace("‖", "waits at a barrier, line").replace("▸", "runs, line")}` });
    });
    drawValues(step);
    drawShared(step);
    sayWord();
    drawStrip();
  };

  const keepInView = (box, row) => {
    const inner = row.offsetTop - box.offsetTop;
    if (inner < box.scrollTop + 30 || inner > box.scrollTop + box.clientHeight - 60) box.scrollTop = inner - box.clientHeight / 2;
  };

  const drawValues = (step) => {
    valuesTitle.textContent = `Values of warp ${warp}`;
    set(follow, { "aria-pressed": String(!pinned) });
    for (let lane = 0; lane < 32; ++lane) {
      const thread = 32 * warp + lane, cell = lineRow.children[lane + 1], id = thread < data.threads ? state.line[thread] : -1;
      cell.textContent = id < 0 ? "" : String(data.lines[id].line);
      cell.className = `number ${thread < data.threads && how(state, step, thread) === "active" ? "fresh" : ""}`;
    }
    for (const { variable, cells: own } of variableRows) {
      const values = own.map((_, lane) => state.value[variable][32 * warp + lane] ?? null);
      const numbers = values.filter((v) => typeof v === "number"), low = Math.min(0, ...numbers), high = Math.max(0, ...numbers);
      own.forEach((cell, lane) => {
        const value = values[lane];
        cell.textContent = shown(value);
        cell.className = `number ${state.changed[variable][32 * warp + lane] === at ? "fresh" : ""}`;
        const share = typeof value === "number" && high > low ? (value - low) / (high - low) : 0;
        cell.style.setProperty("--share", `${(100 * share).toFixed(1)}%`);
      });
    }
  };

  const drawShared = (step) => {
    const reads = new Set(), clash = new Set(findings.flatMap(({ steps: list, words }) => (list.includes(at) ? words : [])));
    for (const [kind, where, bytes, mask, places] of step.t ?? [])
      if (where < 0 && kind !== "w")
        for (const byte of spread(places, mask).values()) for (let k = byte >> 2; 4 * k < byte + bytes; ++k) reads.add(k);
    for (const board of boards) {
      const first = Math.floor(board.variable.offset / 4);
      for (let k = 0; k < board.shownWords; ++k) {
        const w = first + k * board.wide, when = state.written[w], writer = state.writer[w];
        const name = `word ${when < 0 ? "none" : writer < 0 ? "copied" : `hue${(writer >>> 5) % 5}`}${when === at ? " fresh" : ""}${reads.has(w) ? " read" : ""}${clash.has(w) ? " clash" : ""}`;
        const text = when < 0 ? "·" : shown(element(state, w, board.variable.type));
        const key = name + text;
        if (board.known[k] === key) continue;
        board.known[k] = key;
        const cell = board.own[k];
        cell.className = name;
        cell.textContent = text;
        set(cell, { "aria-label": `${board.variable.name}[${k}] ${when < 0 ? "never written" : text}` });
      }
    }
  };

  const go = (number) => {
    at = Math.max(0, Math.min(last, number));
    state = machine.goto(at);
    draw();
  };
  const toggle = (on = timer === null) => {
    clearInterval(timer);
    timer = on ? setInterval(() => (at < last ? go(at + 1) : toggle(false)), 250) : null;
    play.textContent = on ? "❚❚" : "▶";
    set(play, { "aria-label": on ? "Pause" : "Play" });
  };
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || event.target.closest?.("select, textarea")) return;
    const marks = findings.flatMap(({ steps: list }) => list).sort((a, b) => a - b);
    const moves = {
      ArrowLeft: () => go(at - 1), ArrowRight: () => go(at + 1), Home: () => go(0), End: () => go(last), n: () => go(after(barriers)),
      p: () => go(before(barriers)), f: () => marks.length && go(marks.find((k) => k > at) ?? marks[0]),
    };
    if (event.key === " " && !event.target.closest?.("button")) moves[" "] = () => toggle();
    if (!moves[event.key]) return;
    event.preventDefault();
    moves[event.key]();
  });
  window.addEventListener("resize", drawStrip);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawStrip);
  go(data.open ?? 0);
  Object.assign(pmpp.replay, { go, steps, at: () => at, state: () => state, machineAt: machine.goto });
  document.body.dataset.ready = "true";
};

(async () => {
  const bytes = Uint8Array.from(atob(pmpp.data.steps), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  pmpp.replay.show(pmpp.data, JSON.parse(await new Response(stream).text()));
})();
