// The profile page: what each kernel costs and why, on its source lines, and what the lanes of a warp touch.
"use strict";

(() => {
  const { el, fill, svg, number, percent, short, plural, size, data } = pmpp;
  const page = document.getElementById("page");
  const { gpu } = data;
  const us = (time) => `${number(time, time < 100 ? 1 : 0)} us`;

  for (const kernel of data.kernels) {
    const zeros = Object.fromEntries(Object.keys(kernel.counters).map((name) => [name, 0]));
    for (const line of kernel.lines) line.counters = { ...zeros, ...line.counters };
  }

  // ---- the head and the list of kernels ------------------------------------------------------------------------------

  document.getElementById("top").append(el("div", {},
    el("p", { class: "quiet" }, "Counts are exact, from the software GPU. Times are modelled, for the ", el("b", {}, gpu.name),
      ": no clock was read, and the model is not yet validated by a GPU."),
    data.said ? el("p", { role: "alert" }, `No time is modelled: ${data.said}`) : null,
  ));
  if (!data.kernels.length) {
    page.append(el("p", {}, "No kernel was launched."));
    return;
  }
  const title = (kernel) => `${kernel.name}, grid ${size(kernel.grid)}, block ${size(kernel.block)}`;
  const longest = Math.max(...data.kernels.map((k) => (k.modelled_time_us ?? 0) * k.launches));
  const options = data.kernels.map((kernel, n) => {
    const total = (kernel.modelled_time_us ?? 0) * kernel.launches;
    return el("div", { role: "option", "data-kernel": n },
      el("span", {}, el("span", { class: "name", title: kernel.name }, kernel.name), el("span", { class: "quiet small" },
        `grid ${size(kernel.grid)}, block ${size(kernel.block)}${kernel.launches > 1 ? `, ${plural(kernel.launches, "launch", "launches")} that did the same` : ""}`)),
      el("span", { class: "number" }, "modelled_time_us" in kernel ? `modelled ${us(total)}` : ""),
      el("div", { class: "bar", "aria-hidden": "true" }, el("div", { style: { width: `${longest ? (100 * total) / longest : 0}%` } })));
  });
  const list = el("div", { role: "listbox", "aria-label": "kernels" }, options);
  const shown = el("div", { style: { display: "grid", gap: "1.25rem" } });
  page.append(
    el("section", { class: "panel kernels" },
      el("h2", {}, data.kernels.length > 1 ? "Kernels, in the order of their launches" : "Kernel"), list),
    shown,
    el("p", { class: "quiet small" }, el("kbd", {}, "Tab"), " goes from list to list, ", el("kbd", {}, "↑"), " ", el("kbd", {}, "↓"),
      " move in it, ", el("kbd", {}, "Home"), " and ", el("kbd", {}, "End"), " go to its ends."),
  );

  // ---- time, roofline, occupancy -------------------------------------------------------------------------------------

  const timePanel = (kernel) => {
    const parts = Object.entries(kernel.bounds_us).filter(([, time]) => time > 0).sort((a, b) => b[1] - a[1]);
    return el("section", { class: "panel", "aria-label": "modelled time" },
      el("p", { class: "headline" }, `${us(kernel.modelled_time_us)} modelled, bound by ${kernel.bound_by}`),
      el("p", { class: "advice" }, kernel.advice),
      el("h3", {}, "How long each part would be busy alone, modelled"),
      el("div", { class: "bars small" }, parts.map(([name, time]) => {
        const most = name === kernel.bound_by ? "most" : null;
        return [
          el("span", { class: most, "data-part": name }, name + (most ? " (the bound)" : "")),
          el("div", { class: "bar", "aria-hidden": "true" }, el("div", { class: most, style: { width: `${(100 * time) / parts[0][1]}%` } })),
          el("span", { class: `number ${most ?? ""}` }, `${number(time, 2)} us`),
        ];
      })));
  };

  /// Bytes that go through L2 and to DRAM.
  const traffic = (kernel) => {
    const c = kernel.counters;
    return {
      dram: c.dram_read_bytes + c.dram_write_bytes,
      l2: 32 * (c.global_load_sectors - c.l1_hit_sectors + c.global_store_sectors),
    };
  };

  const roofline = (kernel) => {
    const bytes = traffic(kernel), { flop } = kernel.counters;
    const width = 440, height = 320, left = 64, right = 14, top = 20, bottom = 44;
    const points = [["DRAM", "", flop / bytes.dram], ["L2", "l2", flop / bytes.l2]].filter(([, , at]) => Number.isFinite(at) && at > 0);
    const xs = [-2, 3, ...points.map(([, , intensity]) => Math.log10(intensity))];
    const x0 = Math.floor(Math.min(...xs)), x1 = Math.ceil(Math.max(...xs));
    const ys = [Math.log10(gpu.peak_flops), Math.log10(gpu.peak_flops) - 4, Math.log10(kernel.modelled_flops)];
    const y0 = Math.floor(Math.min(...ys)), y1 = Math.ceil(Math.max(...ys));
    const x = (v) => left + ((Math.log10(v) - x0) / (x1 - x0)) * (width - left - right);
    const y = (v) => height - bottom - ((Math.log10(v) - y0) / (y1 - y0)) * (height - top - bottom);
    const range = (a, b) => Array.from({ length: b - a + 1 }, (_, n) => a + n);
    const roof = (bandwidth, kind, name, up) => {
      const knee = gpu.peak_flops / bandwidth, from = Math.max(10 ** x0, 10 ** y0 / bandwidth);
      const at = Math.sqrt(from * Math.min(knee, 10 ** x1));
      const angle = (Math.atan2(y(at * bandwidth * 10) - y(at * bandwidth), x(at * 10) - x(at)) * 180) / Math.PI;
      return [
        svg("path", { class: `roof ${kind}`, d: `M${x(from)} ${y(from * bandwidth)}L${x(knee)} ${y(gpu.peak_flops)}` }),
        svg("text", { class: "name", transform: `translate(${x(at)} ${y(at * bandwidth)}) rotate(${angle})`, dy: up, "text-anchor": "middle" },
          `${name}, ${short(bandwidth)}B/s`),
      ];
    };
    const knee = gpu.peak_flops / gpu.dram_bytes_per_second, l2Knee = gpu.peak_flops / gpu.l2_bytes_per_second;
    const said = points.map(([name, , intensity]) => `${short(intensity)} operations a byte of ${name}`).join(", ");
    return svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "data-chart": "roofline",
      "aria-label": `Roofline of the ${gpu.name}: the kernel reaches ${short(kernel.modelled_flops)}FLOP/s, modelled, at ${said}.` },
      range(x0, x1).map((e) => [
        svg("line", { class: "grid-line", x1: x(10 ** e), x2: x(10 ** e), y1: top, y2: height - bottom }),
        svg("text", { class: "axis", x: x(10 ** e), y: height - bottom + 16, "text-anchor": "middle" }, e < 0 ? String(10 ** e) : short(10 ** e)),
      ]),
      range(y0, y1).map((e) => [
        svg("line", { class: "grid-line", y1: y(10 ** e), y2: y(10 ** e), x1: left, x2: width - right }),
        svg("text", { class: "axis", x: left - 6, y: y(10 ** e) + 4, "text-anchor": "end" }, short(10 ** e)),
      ]),
      svg("text", { class: "axis", x: (left + width - right) / 2, y: height - 8, "text-anchor": "middle" }, "floating-point operations a byte moved"),
      svg("text", { class: "axis", transform: `translate(13 ${(height - bottom + top) / 2}) rotate(-90)`, "text-anchor": "middle" }, "operations a second, modelled"),
      svg("path", { class: "roof", d: `M${x(Math.min(knee, l2Knee))} ${y(gpu.peak_flops)}H${width - right}` }),
      svg("text", { class: "name", x: width - right, y: y(gpu.peak_flops) - 6, "text-anchor": "end" }, `fp32, ${short(gpu.peak_flops)}FLOP/s`),
      roof(gpu.l2_bytes_per_second, "l2", "L2", -6), roof(gpu.dram_bytes_per_second, "", "DRAM", 16),
      points.map(([name, kind, intensity], n) => {
        const px = x(intensity), py = y(kernel.modelled_flops);
        const roofAt = y(Math.min(gpu.peak_flops, intensity * (kind ? gpu.l2_bytes_per_second : gpu.dram_bytes_per_second)));
        const together = points.length > 1 && Math.abs(px - x(points[1 - n][2])) < 70;
        const text = together ? "DRAM and L2" : name;
        if (together && n) return null;
        return [
          svg("line", { class: `distance ${kind}`, x1: px, x2: px, y1: roofAt, y2: py }),
          kind ? svg("path", { class: "point l2", d: `M${px} ${py - 9}L${px + 9} ${py}L${px} ${py + 9}L${px - 9} ${py}Z` })
            : svg("circle", { class: "point", cx: px, cy: py, r: 7 }),
          svg("text", { class: "name", x: px, y: py + 24, "text-anchor": px > width - 90 ? "end" : px < left + 50 ? "start" : "middle" }, text),
        ];
      }));
  };

  const roofPanel = (kernel) => {
    const bytes = traffic(kernel), seconds = kernel.modelled_time_us * 1e-6;
    const share = (name, rate, most) => [
      el("span", {}, name),
      el("div", { class: "bar", "aria-hidden": "true" }, el("div", { style: { width: `${Math.min(100, (100 * rate) / most)}%` } })),
      el("span", { class: "number" }, percent(rate / most)),
    ];
    return el("section", { class: "panel", "aria-label": "roofline" },
      el("h2", {}, "Roofline, modelled"),
      kernel.counters.flop ? roofline(kernel) : el("p", {}, "It has no floating-point operations, so there is no point to draw; what it moves says how far it is from the limit."),
      el("h3", {}, "Of what the device could do in that time, it uses"),
      el("div", { class: "bars small" },
        share("DRAM", bytes.dram / seconds, gpu.dram_bytes_per_second), share("L2", bytes.l2 / seconds, gpu.l2_bytes_per_second),
        kernel.counters.flop ? share("fp32", kernel.modelled_flops, gpu.peak_flops) : null));
  };

  const occupancyPanel = (kernel) => {
    const per = kernel.warps_per_sm / kernel.blocks_per_sm, limits = Object.entries(kernel.block_limits);
    const cells = Array.from({ length: gpu.warps_per_sm }, (_, n) => {
      const used = n < kernel.warps_per_sm, column = n % 16, row = Math.floor(n / 16);
      return [svg("rect", { class: `word ${used ? "used" : ""}`, x: column * 22 + 1, y: row * 22 + 1, width: 20, height: 20, rx: 3 }),
        used ? svg("text", { class: "on", "data-ground": ".used", x: column * 22 + 11, y: row * 22 + 15 }, String(Math.floor(n / per) + 1)) : null];
    });
    return el("section", { class: "panel", "aria-label": "occupancy" },
      el("h2", {}, `Occupancy ${percent(kernel.occupancy)}`),
      el("p", {}, `An SM of the ${gpu.name} holds ${plural(kernel.blocks_per_sm, "block")} of ${plural(per, "warp")} at a time: ${kernel.warps_per_sm} of ${gpu.warps_per_sm} warps. `,
        kernel.limited_by.length ? el("b", {}, `Limited by ${kernel.limited_by.join(" and ")}.`) : "Nothing limits it."),
      svg("svg", { viewBox: `0 0 354 ${Math.ceil(gpu.warps_per_sm / 16) * 22 + 2}`, role: "img", style: { "max-width": "26rem" },
        "aria-label": `${kernel.warps_per_sm} of ${gpu.warps_per_sm} places for warps are taken; each number is a block.` }, cells),
      el("p", { class: "quiet small" }, "A square is a warp, its number the block."),
      el("table", { class: "small" },
        el("tr", {}, el("th", {}, "blocks that would fit by"), el("th", { class: "number" }, "")),
        limits.map(([name, blocks]) => el("tr", {},
          el("td", {}, kernel.limited_by.includes(name) ? el("b", {}, `${name} (the limit)`) : name), el("td", { class: "number" }, number(blocks))))),
      el("p", { class: "small" }, `${plural(kernel.registers, "register")} a thread, ${plural(kernel.shared_bytes + kernel.dynamic_shared, "byte")} of shared memory a block.`,
        kernel.spilled_bytes ? ` ${plural(kernel.spilled_bytes, "byte")} a thread are spilled to local memory.` : ""));
  };

  const countersOf = (counters) => el("dl", { class: "counters small" },
    Object.entries(counters).filter(([, value]) => value).map(([name, value]) => el("div", { title: data.words[name] },
      el("dt", {}, el("code", {}, name)), el("dd", { class: "number", "data-counter": name }, number(value)))));

  // ---- what lanes touch ----------------------------------------------------------------------------------------------

  const CELL = 22, LABEL = 98;
  /// Lanes by the word that they touch: [{word, lanes}], in the order of addresses.
  const wordsOf = (addresses, bytes) => {
    const words = new Map();
    addresses.forEach((address, lane) => {
      if (address === null) return;
      for (let at = Math.floor(address / 4); at <= Math.floor((address + bytes - 1) / 4); ++at) {
        if (!words.has(at)) words.set(at, []);
        words.get(at).push(lane);
      }
    });
    return [...words].map(([word, lanes]) => ({ word, lanes })).sort((a, b) => a.word - b.word);
  };
  const laneText = (lanes) => (lanes.length === 1 ? String(lanes[0]) : `×${lanes.length}`);
  const laneTitle = (lanes) => (lanes.length === 1 ? `lane ${lanes[0]}` : `lanes ${lanes.join(", ")}`);
  const cell = (column, row, kind, lanes) => {
    const x = LABEL + column * CELL, y = 20 + row * (CELL + 3);
    return svg("g", {}, lanes ? svg("title", {}, laneTitle(lanes)) : null,
      svg("rect", { class: `word ${kind}`, x: x + 1, y, width: CELL - 2, height: CELL - 2, rx: 2 }),
      lanes ? svg("text", { class: "on", "data-ground": `.${kind}`, x: x + CELL / 2, y: y + 14 }, laneText(lanes)) : null);
  };
  const picture = (rows, label, heading, cells) => svg("svg", {
    viewBox: `0 0 ${LABEL + 32 * CELL + 4} ${22 + rows.length * (CELL + 3)}`, role: "img", "aria-label": label },
    heading, rows.map((text, n) => svg("text", { class: "axis", x: LABEL - 8, y: 35 + n * (CELL + 3), "text-anchor": "end" }, text)), cells);

  /// Lines of 128 bytes, one below the other: what was asked for, and what comes along because sectors have 32 bytes.
  const globalPicture = (request, bytes, said) => {
    const words = wordsOf(request.addresses, bytes);
    const lines = [...new Set(words.map(({ word }) => Math.floor(word / 32)))], first = lines[0];
    const used = new Map(words.map((word) => [word.word, word.lanes]));
    const sectors = new Set(words.map(({ word }) => Math.floor(word / 8)));
    const cells = lines.flatMap((line, row) => Array.from({ length: 32 }, (_, column) => {
      const word = line * 32 + column;
      return cell(column, row, used.has(word) ? "used" : sectors.has(Math.floor(word / 8)) ? "moved" : "", used.get(word));
    }));
    const frames = [...sectors].map((sector) => {
      const row = lines.indexOf(Math.floor(sector / 4));
      return svg("rect", { class: "word-frame", x: LABEL + (sector % 4) * 8 * CELL, y: 19 + row * (CELL + 3), width: 8 * CELL, height: CELL, rx: 3 });
    });
    const heading = [0, 1, 2, 3].map((n) => svg("text", { class: "axis", x: LABEL + (n * 8 + 4) * CELL, y: 13, "text-anchor": "middle" }, `sector ${n} of the line`));
    return picture(lines.map((line) => `+ ${number((line - first) * 128)} B`), said, heading, [cells, frames]);
  };

  /// Wavefronts, one below the other: each takes one word from each of the 32 banks.
  const sharedPicture = (request, bytes, said) => {
    const words = bytes <= 4 ? 1 : bytes / 4, together = 32 / words;
    const rows = [], cells = [];
    for (let begin = 0; begin < 32; begin += together) {
      const group = request.addresses.map((address, lane) => (lane >= begin && lane < begin + together ? address : null));
      const taken = new Array(32).fill(0), from = rows.length;
      for (const { word, lanes } of wordsOf(group, bytes)) {
        const bank = word % 32, turn = taken[bank]++;
        if (from + turn >= rows.length) rows.push(`wavefront ${rows.length + 1}`);
        cells.push([bank, from + turn, turn ? "turn" : "used", lanes]);
      }
    }
    const full = new Map(cells.map((c) => [`${c[0]},${c[1]}`, c]));
    const all = rows.flatMap((_, row) => Array.from({ length: 32 }, (_, bank) => cell(...(full.get(`${bank},${row}`) ?? [bank, row, "", null]))));
    const heading = [svg("text", { class: "axis", x: LABEL - 8, y: 13, "text-anchor": "end" }, "bank"),
      [0, 4, 8, 12, 16, 20, 24, 28].map((bank) =>
        svg("text", { class: "axis", x: LABEL + (bank + 0.5) * CELL, y: 13, "text-anchor": "middle" }, String(bank)))];
    return picture(rows, said, heading, all);
  };

  const describe = (access, request) => {
    const lanes = request.addresses.filter((address) => address !== null).length;
    const { cost, needed } = request, times = cost / needed;
    const more = times > 1 ? `${number(times, Number.isInteger(times) ? 0 : 1)} times what is needed` : "";
    if (access.kind === "atomic") {
      return [cost > 1, cost > 1 ? `${cost} turns` : "one turn",
        `${plural(lanes, "lane")}; ${cost > 1 ? `up to ${cost} want the same address, and take turns.` : "no two want the same address."}`];
    }
    if (access.memory === "global") {
      return [cost > needed, more || "as few sectors as the bytes need",
        `${plural(lanes, "lane")} touch ${plural(cost, "sector")} of 32 bytes${cost > needed ? `; the same bytes would fit into ${number(needed)}.` : "."}`];
    }
    return [cost > needed, cost > needed ? `${plural(cost - needed, "bank conflict")}` : "no bank conflict",
      `${plural(lanes, "lane")} take ${plural(cost, "wavefront")}${cost > needed ? `; without conflicts ${number(needed)} would do.` : "."}`];
  };

  const WORDS = { load: "Load from", store: "Store to", atomic: "Atomic operation on" };
  const requestView = (access) => {
    const body = el("div", {});
    const show = (which) => {
      const request = access[which], [bad, verdict, sentence] = describe(access, request);
      const keys = access.memory === "global"
        ? [el("span", { class: "key used" }), "asked for, by the lane of that number; ", el("span", { class: "key moved" }), "comes along, because sectors are moved as a whole"]
        : [el("span", { class: "key used" }), "a word, for the lane of that number; ", el("span", { class: "key turn" }), "has to wait for its turn at the bank"];
      const draw = access.memory === "global" ? globalPicture : sharedPicture;
      fill(body,
        el("p", {}, el("span", { class: `verdict ${bad ? "bad" : "good"}` }, `${bad ? "✗" : "✓"} ${verdict}. `), sentence,
          el("span", { class: "quiet" }, ` Warp ${request.warp} of block (${request.block.join(", ")}).`)),
        el("div", { class: "wide", tabindex: 0, role: "group", "aria-label": "picture, can be scrolled" }, draw(request, access.bytes, sentence)),
        el("p", { class: "quiet small" }, keys));
    };
    const differ = access.first.cost !== access.worst.cost || access.first.needed !== access.worst.needed;
    const buttons = ["worst", "first"].map((which) => el("button", { "aria-pressed": which === "worst" ? "true" : "false", onclick: (event) => {
      for (const button of buttons) button.setAttribute("aria-pressed", String(button === event.currentTarget));
      show(which);
    } }, which === "worst" ? "the worst request" : "the first request"));
    show("worst");
    return el("section", { class: "request", "data-request": `${access.kind} ${access.memory} ${access.bytes}` },
      el("h3", {}, `${WORDS[access.kind]} ${access.memory} memory, ${plural(access.bytes, "byte")} a lane`),
      differ ? el("div", { class: "row" }, buttons) : null, body);
  };

  // ---- the source ----------------------------------------------------------------------------------------------------

  const heatOf = (kernel) => {
    const c = kernel.counters, larger = (...names) => names.reduce((a, b) => (c[b] > c[a] ? b : a));
    const sectors = larger("global_load_sectors", "global_store_sectors");
    const choice = {
      DRAM: larger("dram_read_bytes", "dram_write_bytes"), L1: sectors, L2: sectors, fp32: "flop", fp64: "flop", half: "flop", tensor: "flop",
      "shared memory": larger("shared_bank_conflicts", "shared_load_wavefronts", "shared_store_wavefronts"),
      atomics: larger("atomic_serialization", "atomics"),
    }[kernel.bound_by] ?? "warp_instructions";
    return c[choice] ? choice : "warp_instructions";
  };

  const sourcePanel = (kernel) => {
    let heat = heatOf(kernel);
    const by = new Map();
    for (const line of kernel.lines) {
      if (!by.has(line.file)) by.set(line.file, new Map());
      by.get(line.file).set(line.line, line);
    }
    // Those that cost most beyond what they need come first.
    const waste = ({ worst }) => worst.cost / worst.needed;
    const requests = (file, line) => (kernel.requests ?? []).filter((access) => access.file === file && access.line === line)
      .sort((a, b) => waste(b) - waste(a));
    const total = (lines) => [...lines.values()].reduce((sum, line) => sum + line.counters[heat], 0);
    const files = [...by].sort((a, b) => total(b[1]) - total(a[1]));

    const details = el("section", { class: "panel", "aria-label": "the line", "aria-live": "polite" });
    const listings = [];
    const showLine = (file, line, listing) => {
      for (const other of listings) if (other !== listing) other.element.querySelector('[aria-selected="true"]')?.setAttribute("aria-selected", "false");
      const entry = by.get(file).get(line.number), views = requests(file, line.number).map(requestView);
      fill(details,
        el("h2", {}, `Line ${line.number}`),
        el("pre", { class: "wide code", tabindex: 0, "aria-label": "source" }, line.text.trim() || " "),
        views, el("h3", { style: { "margin-top": "1rem" } }, "Counters of the line"), countersOf(entry.counters));
    };
    for (const [file, counted] of files) {
      const source = data.files[file];
      const hottest = () => Math.max(1, ...[...counted.values()].map((line) => line.counters[heat]));
      const listing = pmpp.listing({
        lines: source.lines, label: `source of ${source.shown}`, selectable: (line) => counted.has(line.number),
        columns: [{ title: "", class: "heat", cell: (line) => {
          const value = counted.get(line.number)?.counters[heat] ?? 0;
          return [
            el("span", { class: "bar", "aria-hidden": "true" }, value ? el("div", { style: { width: `${(100 * value) / hottest()}%` } }) : null),
            el("span", { class: "number", "data-heat": value || null }, value ? number(value) : ""),
          ];
        } }],
        onSelect: (line) => showLine(file, line, listing),
      });
      listings.push(Object.assign(listing, { file, source, counted }));
    }
    const color = () => {
      for (const listing of listings) {
        listing.refresh();
        const most = Math.max(1, ...[...listing.counted.values()].map((line) => line.counters[heat]));
        for (const [line, { counters }] of listing.counted) {
          const row = listing.row(line);
          row.classList.toggle("hot", counters[heat] > 0);
          row.style.setProperty("--share", String(counters[heat] / most));
        }
      }
    };
    const about = el("span", { class: "quiet" });
    const chooser = el("select", { id: "heat", onchange: () => {
      heat = chooser.value;
      about.textContent = data.words[heat];
      color();
    } }, Object.keys(kernel.counters).filter((name) => kernel.counters[name]).map((name) => el("option", { value: name, selected: name === heat }, name)));
    about.textContent = data.words[heat];
    color();
    const result = el("section", { "aria-label": "source" },
      el("h2", {}, "Source"),
      el("p", { class: "row" }, el("label", {}, "Lines are coloured by ", chooser), about),
      el("p", { class: "quiet small" }, "Choose a line to see its counters, and what the lanes of a warp touch there."),
      el("div", { class: "beside" },
        el("div", {}, listings.map((listing) => [
          el("p", { class: "file" }, listing.source.shown, listing.source.found ? "" : el("span", { class: "quiet" }, " (the file is not there)")), listing.element])),
        details));
    // The line to begin with: the hottest one, of those that have a picture if there are any.
    const lines = [...files[0]?.[1].values() ?? []];
    const worth = (line) => [requests(line.file, line.line).length ? 1 : 0, line.counters[heat]];
    lines.sort((a, b) => worth(b)[0] - worth(a)[0] || worth(b)[1] - worth(a)[1]);
    const begin = () => {
      if (!lines.length) return;
      listings[0].select(lines[0].line);
      listings[0].reveal(lines[0].line);
    };
    return [result, begin];
  };

  // ---- a kernel ------------------------------------------------------------------------------------------------------

  const show = (kernel) => {
    const modelled = "modelled_time_us" in kernel, [source, begin] = sourcePanel(kernel);
    fill(shown,
      el("h2", { style: { margin: 0 } }, title(kernel)),
      modelled ? el("div", { class: "columns" }, timePanel(kernel), roofPanel(kernel), occupancyPanel(kernel)) : "",
      source,
      el("section", { class: "panel", "aria-label": "counters" }, el("h2", {}, "Counters of the launch"), countersOf(kernel.counters)));
    begin();
  };
  const kernels = pmpp.keyboardList(list, (option) => show(data.kernels[Number(option.dataset.kernel)]));
  kernels.select(options[0]);
})();
