"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const root = document.documentElement;
  const $ = (id) => document.getElementById(id);
  const style = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  // The first four can be seen on both papers.
  const COLOURS = ["#3f90da", "#e76300", "#bd1f01", "#832db6", "#a96b59", "#92dadd", "#b9ac70"];
  const figures = [];

  const make = (tag, text, attributes = {}) => {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };
  // Plain text: Bokeh would take a label with two dollar signs for a formula.
  const plain = (text, most = 48) =>
    new Bokeh.PlainText({text: text.length > most ? `${text.slice(0, most - 1)}…` : text});

  // Light and dark
  const preferred = matchMedia("(prefers-color-scheme: dark)");
  let chosen = null;
  const isDark = () => (chosen === null ? preferred.matches : chosen === "dark");
  const paint = ({figure, repaint}) => {
    const [ink, line] = [style("--ink"), style("--line")];
    figure.setv({background_fill_color: null, border_fill_color: null, outline_line_color: null});
    for (const axis of [...figure.below, ...figure.left]) {
      if (axis instanceof Bokeh.Axis) {
        axis.setv({
          axis_label_text_color: ink, major_label_text_color: ink, axis_line_color: line,
          major_tick_line_color: line, minor_tick_line_color: null,
          axis_label_text_font_style: "normal",
        });
      }
    }
    for (const grid of figure.center) {
      if (grid instanceof Bokeh.Grid) grid.grid_line_color = line;
    }
    if (repaint) repaint();
  };
  const setTheme = (dark) => {
    root.dataset.theme = dark ? "dark" : "light";
    $("theme").textContent = dark ? "Light" : "Dark";
    figures.forEach(paint);
  };
  $("theme").addEventListener("click", () => {
    chosen = isDark() ? "light" : "dark";
    setTheme(isDark());
  });
  preferred.addEventListener("change", () => setTheme(isDark()));
  addEventListener("beforeprint", () => setTheme(false));
  addEventListener("afterprint", () => setTheme(isDark()));
  root.dataset.theme = isDark() ? "dark" : "light";
  $("theme").textContent = isDark() ? "Light" : "Dark";

  const newFigure = (options, repaint) => {
    const figure = Bokeh.Plotting.figure({
      sizing_mode: "stretch_width", toolbar_location: null, tools: "", min_border: 6, ...options,
    });
    const entry = {figure, repaint};
    figures.push(entry);
    return [figure, entry];
  };
  const show = async (entry, target) => {
    paint(entry);
    return Bokeh.Plotting.show(entry.figure, target);
  };
  const names = (figure, dimension, texts) => {
    const axis = dimension ? figure.left[0] : figure.below[0];
    axis.ticker = new Bokeh.FixedTicker({ticks: texts.map((_, k) => k)});
    for (const grid of figure.center) if (grid.dimension === dimension) grid.ticker = axis.ticker;
    axis.major_label_overrides = new Map(texts.map((text, k) => [k, plain(text)]));
  };
  const legend = (id, entries) => {
    for (const [name, colour, mark] of entries) {
      const item = make("span");
      const sign = make("span", "", {class: mark});
      sign.style.setProperty(mark === "swatch" ? "background" : "border-top-color", colour);
      item.append(sign, name);
      $(`${id}-legend`).append(item);
    }
  };
  const colourOf = (k) => COLOURS[k % COLOURS.length];

  // Charts
  const charts = {
    intervals(id, spec) {
      const last = spec.rows.length - 1;
      const [figure, entry] = newFigure({
        height: 90 + 16 * spec.rows.length * Math.max(2, spec.series.length),
        y_range: [-0.6, last + 0.6],
      });
      names(figure, 1, [...spec.rows].reverse());
      figure.below[0].axis_label = plain(spec.x);
      figure.below[0].formatter = new Bokeh.NumeralTickFormatter({format: "0.[00] %"});
      spec.series.forEach(({name, points}, k) => {
        const shift = ((spec.series.length - 1) / 2 - k) * (0.7 / spec.series.length);
        const source = new Bokeh.ColumnDataSource({data: {
          y: points.map(([row]) => last - row + shift), x: points.map((p) => p[1]),
          low: points.map((p) => p[2]), high: points.map((p) => p[3]),
          name: points.map(() => name),
        }});
        const line_color = colourOf(k);
        figure.segment({
          x0: {field: "low"}, x1: {field: "high"}, y0: {field: "y"}, y1: {field: "y"},
          source, line_color, line_width: 2.5,
        });
        figure.scatter({
          x: {field: "x"}, y: {field: "y"}, source, size: 9, fill_color: line_color,
          line_color: null,
        });
      });
      figure.add_tools(new Bokeh.HoverTool({tooltips: [
        ["recipe", "@name"], [spec.x, "@x{0.0 %} [@low{0.0 %}, @high{0.0 %}]"],
      ]}));
      legend(id, spec.series.map(({name}, k) => [name, colourOf(k), "swatch"]));
      return entry;
    },
    lines(id, spec) {
      const [figure, entry] = newFigure({height: 300});
      figure.below[0].axis_label = plain(spec.x);
      figure.left[0].axis_label = plain(spec.y);
      const look = (k) => colourOf(spec.pairs ? Math.floor(k / 2) : k);
      if (spec.diagonal) {
        figure.line([0, 1], [0, 1], {line_color: "#888888", line_dash: [4, 4]});
      }
      spec.series.forEach(({x, y, dashed}, k) => {
        // Where two lines are one, the first shows behind the last.
        const line_width = 2 + (spec.series.length - 1 - k) / (spec.pairs ? 2 : 1);
        const line_dash = dashed ? [6, 4] : [];
        figure.line(x, y, {line_color: look(k), line_width, line_dash});
        figure.scatter(x, y, {fill_color: look(k), line_color: null, size: dashed ? 4 : 6});
      });
      legend(id, spec.series.map((s, k) => [s.name, look(k), s.dashed ? "dash dashed" : "dash"]));
      return entry;
    },
    bars(id, spec) {
      const last = spec.rows.length - 1;
      const [figure, entry] = newFigure({
        height: 70 + 24 * spec.rows.length, y_range: [-0.6, last + 0.6],
        x_range: [0, 1.05 * Math.max(...spec.values, 1e-9)],
      });
      names(figure, 1, [...spec.rows].reverse());
      figure.below[0].axis_label = plain(spec.x);
      figure.hbar({
        y: spec.rows.map((_, k) => last - k), right: spec.values, left: 0, height: 0.75,
        fill_color: spec.colours, line_color: null,
      });
      return entry;
    },
    dots(id, spec) {
      const last = spec.rows.length - 1;
      const cells = {x: [], y: [], size: [], value: [], share: [], gene: [], row: []};
      spec.rows.forEach((row, k) => {
        spec.columns.forEach((gene, d) => {
          const column = spec.mean.map((values) => values[d]);
          cells.x.push(d);
          cells.y.push(last - k);
          cells.size.push(2 + 14 * Math.sqrt(spec.share[k][d]));
          cells.value.push(spec.mean[k][d] / (Math.max(...column) || 1));
          cells.share.push(spec.share[k][d]);
          cells.gene.push(gene);
          cells.row.push(row);
        });
      });
      const [figure, entry] = newFigure({
        height: 130 + 24 * spec.rows.length, y_range: [-0.7, last + 0.7],
        x_range: [-0.7, spec.columns.length - 0.3],
        min_width: 190 + 20 * spec.columns.length,
      });
      names(figure, 1, [...spec.rows].reverse());
      names(figure, 0, spec.columns);
      for (const grid of figure.center) grid.visible = false;
      figure.below[0].major_label_orientation = Math.PI / 2;
      const palette = Bokeh.Palettes.Viridis256;
      const transform = new Bokeh.LinearColorMapper({palette, low: 0, high: 1});
      figure.scatter({
        x: {field: "x"}, y: {field: "y"}, size: {field: "size"}, line_color: null,
        fill_color: {field: "value", transform}, source: new Bokeh.ColumnDataSource({data: cells}),
      });
      figure.add_tools(new Bokeh.HoverTool({tooltips: [
        ["gene", "@gene"], ["in", "@row"], ["share of cells", "@share{0.0%}"],
        ["mean, of the most", "@value{0.00}"],
      ]}));
      $(id).classList.add("wide");
      return entry;
    },
  };

  // Cells
  const unpack = async ({type, data: text, low, high}) => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    const buffer = await new Response(stream).arrayBuffer();
    if (type === "text") return new TextDecoder().decode(buffer).split("\n");
    if (type === "f4") return new Float32Array(buffer);
    const codes = type === "u1" ? new Uint8Array(buffer) : new Uint16Array(buffer);
    const none = type === "u1" ? 255 : 65535;
    const step = low === undefined ? 1 : (high - low) / (none - 1);
    return Float32Array.from(codes, (code) => (code === none ? NaN : (low || 0) + code * step));
  };
  const round = (value) => (Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3));

  const drawCells = async (cells) => {
    const loaded = new Map();
    const valuesOf = async (entry) => {
      if (!loaded.has(entry)) loaded.set(entry, await unpack(entry.values));
      return loaded.get(entry);
    };
    const [x, y, ids] = await Promise.all([cells.x, cells.y, cells.ids].map(unpack));
    const categories = cells.columns.filter((column) => column.kind === "category");
    const hovered = categories.slice(0, 6);
    const columns = {x, y, id: ids, value: new Float32Array(cells.n), shown: ids};
    for (const [k, column] of hovered.entries()) {
      const codes = await valuesOf(column);
      columns[`c${k}`] = Array.from(codes, (code) => (isNaN(code) ? "–" : column.names[code]));
    }
    const source = new Bokeh.ColumnDataSource({data: columns});
    const mapper = new Bokeh.LinearColorMapper({palette: ["#888888"], low: 0, high: 1});
    const bounds = (values) => {
      let [low, high] = [Infinity, -Infinity];
      for (const v of values) {
        if (v < low) low = v;
        if (v > high) high = v;
      }
      const room = 0.04 * (high - low || 1);
      return [low - room, high + room];
    };
    const home = {x: bounds(x), y: bounds(y)};
    const size = Math.min(9, Math.max(1.6, 260 / Math.sqrt(cells.n)));
    const places = new Bokeh.ColumnDataSource({data: {x: [], y: [], text: []}});
    let texts;
    const [figure, entry] = newFigure({
      sizing_mode: "stretch_both", output_backend: "webgl", x_range: home.x, y_range: home.y,
    }, () => {
      mapper.nan_color = style("--none");
      texts.glyph.setv({
        text_color: style("--ink"), background_fill_color: style("--paper"),
      });
    });
    for (const axis of [...figure.below, ...figure.left]) axis.visible = false;
    for (const grid of figure.center) grid.visible = false;
    const dots = figure.scatter({
      x: {field: "x"}, y: {field: "y"}, source, size, line_color: null,
      fill_color: {field: "value", transform: mapper}, fill_alpha: 0.85,
      nonselection_fill_alpha: 0.08,
    });
    texts = figure.text({
      x: {field: "x"}, y: {field: "y"}, text: {field: "text"}, source: places,
      text_align: "center", text_baseline: "middle", text_font_size: "13px",
      text_font_style: "bold", background_fill_alpha: 0.75, padding: 2,
    });
    const tools = {
      pan: new Bokeh.PanTool(), lasso: new Bokeh.LassoSelectTool({continuous: false}),
      wheel: new Bokeh.WheelZoomTool(), tap: new Bokeh.TapTool(),
      hover: new Bokeh.HoverTool({renderers: [dots], tooltips: [
        ["cell", "@id"],
        ...hovered.map((column, k) => [column.title.slice(0, 40), `@c${k}`]),
        ["shown", "@shown"],
      ]}),
    };
    figure.add_tools(...Object.values(tools));
    figure.toolbar.active_scroll = tools.wheel;
    const view = await show(entry, "#plane");
    $("plane").view = view; // for whoever goes on from here in the browser

    // Colours and numbers
    let keyColumn = categories[0];
    let keyCodes = await valuesOf(keyColumn);
    const say = (text) => {
      $("said").textContent = text;
    };
    const select = (test) => {
      const indices = [];
      for (let n = 0; n < cells.n; n++) if (test(n)) indices.push(n);
      source.selected.indices = indices;
    };
    const count = () => {
      const {indices} = source.selected;
      const numbers = new Array(keyColumn.names.length).fill(0);
      for (const n of indices) if (!isNaN(keyCodes[n])) numbers[keyCodes[n]] += 1;
      $("key").querySelectorAll("tr").forEach((row, k) => {
        row.lastChild.textContent = indices.length ? numbers[k].toLocaleString("en") : "";
        const pressed = indices.length > 0 && numbers[k] === indices.length;
        row.querySelector("button").setAttribute("aria-pressed", String(pressed));
      });
      const share = (100 * indices.length) / cells.n;
      if (indices.length) {
        say(`${indices.length.toLocaleString("en")} cells selected (${share.toFixed(1)} %).`);
      } else say("");
    };
    source.selected.change.connect(count);
    const writeKey = () => {
      $("key-title").textContent = keyColumn.title;
      $("key").replaceChildren(...keyColumn.names.map((name, k) => {
        const button = make("button", "", {type: "button", "aria-pressed": "false"});
        const swatch = make("span", "", {class: "swatch"});
        swatch.style.background = keyColumn.colours[k];
        button.append(swatch, name);
        button.addEventListener("click", () => {
          const off = button.getAttribute("aria-pressed") === "true";
          select((n) => !off && keyCodes[n] === k);
        });
        const cell = make("td");
        cell.append(button);
        const row = make("tr");
        const number = {class: "number"};
        row.append(cell, make("td", keyColumn.n_cells[k].toLocaleString("en"), number),
          make("td", "", number));
        return row;
      }));
      count();
    };
    const options = [...cells.columns, ...cells.genes];
    const middle = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
    // Names of groups: large groups first. A name that would lie on another one is moved up or
    // down; where that does not help, it is left out until the reader zooms in.
    let named = [];
    const placeNames = () => {
      const {x_range, y_range} = figure;
      const [width, height] = [$("plane").clientWidth - 12, $("plane").clientHeight - 12]; // min_border
      const [perX, perY] = [
        width / (x_range.end - x_range.start), height / (y_range.end - y_range.start),
      ];
      const placed = [];
      for (const {text, x: ownX, y: ownY} of named) {
        const half = 4 + 3.6 * text.length;
        let left = (ownX - x_range.start) * perX;
        if (left >= 0 && left <= width) left = Math.max(half, Math.min(width - half, left));
        const tops = [0, 22, -22].map((shift) => (ownY - y_range.start) * perY + shift);
        const top = tops.find((own) => placed.every(
          (p) => Math.abs(p.left - left) > p.half + half || Math.abs(p.top - own) > 20));
        if (top === undefined) continue;
        const [x, y] = [x_range.start + left / perX, y_range.start + top / perY];
        placed.push({text, half, left, top, x, y});
      }
      places.data = Object.fromEntries(
        ["x", "y", "text"].map((key) => [key, placed.map((p) => p[key])]));
    };
    figure.x_range.change.connect(placeNames);
    figure.y_range.change.connect(placeNames);
    new ResizeObserver(placeNames).observe($("plane"));
    const nameGroups = (column, codes) => {
      const found = [];
      if (column && column.names.length <= 40) {
        const own = column.names.map(() => []);
        for (let n = 0; n < cells.n; n++) if (!isNaN(codes[n])) own[codes[n]].push(n);
        own.forEach((rows, k) => {
          if (!rows.length) return;
          // On one of its own cells, not between two parts of it.
          const [cx, cy] = [x, y].map((values) => middle(rows.map((n) => values[n])));
          const far = (n) => (x[n] - cx) ** 2 + (y[n] - cy) ** 2;
          const nearest = rows.reduce((best, n) => (far(n) < far(best) ? n : best));
          const name = column.names[k];
          const text = name.length > 24 ? `${name.slice(0, 23)}…` : name;
          found.push({text, x: x[nearest], y: y[nearest], n: rows.length});
        });
      }
      named = found.sort((a, b) => b.n - a.n);
      placeNames();
    };
    const colourBy = async (k) => {
      const chosenEntry = options[k];
      const values = await valuesOf(chosenEntry);
      const isCategory = chosenEntry.kind === "category";
      $("colour").value = String(k);
      $("scale").hidden = isCategory;
      if (isCategory) {
        [keyColumn, keyCodes] = [chosenEntry, values];
        mapper.setv({
          palette: chosenEntry.colours, low: -0.5, high: chosenEntry.names.length - 0.5,
        });
      } else {
        const palette = Bokeh.Palettes.Viridis256;
        const {low, high} = chosenEntry.values;
        mapper.setv({palette, low, high: high > low ? high : low + 1});
        $("low").textContent = round(low);
        $("high").textContent = round(high);
        const every = palette.filter((_, step) => step % 32 === 0);
        $("bar").style.background = `linear-gradient(90deg, ${every.join(",")})`;
      }
      source.data.value = values;
      source.data.shown = Array.from(values, (value) => {
        if (isNaN(value)) return "–";
        return isCategory ? chosenEntry.names[value] : round(value);
      });
      source.change.emit();
      nameGroups(isCategory ? chosenEntry : null, values);
      root.dataset.colour = chosenEntry.name;
      writeKey();
    };
    const groups = new Map();
    options.forEach((option, k) => {
      const place = option.place || "Genes";
      if (!groups.has(place)) {
        groups.set(place, make("optgroup", "", {label: place}));
        $("colour").append(groups.get(place));
      }
      groups.get(place).append(make("option", option.title || option.name, {value: k}));
    });
    $("colour").addEventListener("change", () => colourBy(Number($("colour").value)));
    document.querySelectorAll("button.gene").forEach((button) => {
      button.addEventListener("click", () => colourBy(cells.columns.length + Number(button.value)));
    });

    // Search
    const known = new Map();
    const add = (name, found) => {
      const key = name.toLowerCase();
      if (known.has(key)) return;
      known.set(key, found);
      $("names").append(make("option", undefined, {value: name}));
    };
    cells.genes.forEach((gene, k) => add(gene.name, {option: cells.columns.length + k}));
    cells.columns.forEach((column, option) => {
      if (column.kind === "category") {
        column.names.forEach((name, code) => add(name, {option, code}));
      }
    });
    $("find").addEventListener("change", async () => {
      const wanted = $("find").value.trim();
      const found = known.get(wanted.toLowerCase());
      if (!wanted) return;
      if (!found) {
        say(`This page has no gene or label called ${wanted}. The genes that it has are listed `
          + "below the picture.");
        return;
      }
      await colourBy(found.option);
      if (found.code !== undefined) select((n) => keyCodes[n] === found.code);
      else say(`Coloured by ${wanted}.`);
    });

    // Moving about
    const move = (dx, dy, zoom) => {
      for (const [range, shift] of [[figure.x_range, dx], [figure.y_range, dy]]) {
        const [middle, width] = [(range.start + range.end) / 2, range.end - range.start];
        const centre = middle + shift * width;
        range.setv({start: centre - (width * zoom) / 2, end: centre + (width * zoom) / 2});
      }
    };
    const whole = () => {
      figure.x_range.setv({start: home.x[0], end: home.x[1]});
      figure.y_range.setv({start: home.y[0], end: home.y[1]});
    };
    const use = (name) => {
      figure.toolbar.active_drag = tools[name];
      for (const other of ["pan", "lasso"]) {
        tools[other].active = other === name;
        $(other).setAttribute("aria-pressed", String(other === name));
      }
    };
    const acts = {
      pan: () => use("pan"), lasso: () => use("lasso"), in: () => move(0, 0, 0.7),
      out: () => move(0, 0, 1 / 0.7), all: whole,
      clear: () => {
        source.selected.indices = [];
      },
      save: () => {
        const link = make("a", "", {download: "cells.png"});
        link.href = view.export("png", true).canvas.toDataURL();
        link.click();
      },
    };
    for (const [id, act] of Object.entries(acts)) $(id).addEventListener("click", act);
    const keys = {
      ArrowLeft: () => move(-0.1, 0, 1), ArrowRight: () => move(0.1, 0, 1),
      ArrowUp: () => move(0, 0.1, 1), ArrowDown: () => move(0, -0.1, 1),
      "+": acts.in, "=": acts.in, "-": acts.out, 0: whole,
    };
    $("plane").addEventListener("keydown", (event) => {
      if (keys[event.key]) {
        keys[event.key]();
        event.preventDefault();
      }
    });
    use("pan");
    await colourBy(cells.columns.findIndex((column) => column.name === keyColumn.name));
  };

  // Tables and copies
  document.querySelectorAll("table.sortable").forEach((table) => {
    const body = table.tBodies[0];
    table.querySelectorAll("thead th").forEach((head, place) => {
      const button = make("button", head.textContent, {type: "button"});
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        const value = (row) => row.cells[place].firstChild.textContent.replaceAll(",", "");
        const compare = (a, b) => {
          const [one, two] = [Number(value(a)), Number(value(b))];
          const isText = isNaN(one) || isNaN(two);
          return isText ? value(a).localeCompare(value(b), "en", {numeric: true}) : one - two;
        };
        body.append(...[...body.rows].sort((a, b) => (down ? compare(b, a) : compare(a, b))));
        table.querySelectorAll("th").forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
      });
    });
  });
  document.querySelectorAll("button.copy").forEach((button) => {
    button.addEventListener("click", async () => {
      const text = button.parentElement.querySelector("pre");
      try {
        await navigator.clipboard.writeText(text.textContent);
      } catch {
        getSelection().selectAllChildren(text);
        document.execCommand("copy");
      }
      button.textContent = "Copied";
      setTimeout(() => {
        button.textContent = "Copy";
      }, 2000);
    });
  });

  const start = async () => {
    for (const [id, spec] of Object.entries(data.charts)) {
      await show(charts[spec.kind](id, spec), `#${id}`);
    }
    if (data.cells) await drawCells(data.cells);
    root.dataset.ready = "true";
  };
  start();
})();
