// The plane of quality and latency, the score over the weight, the quality of each task.
const familiesOf = () => unique(comparedRows().flatMap((row) => Object.keys(row.scores)));

// The points of a sweep would crowd out the rest: they have plots and a table of their own.
const swept = (row) => row.loaded && !compared(row);

function pointsOf(family) {
  if (family === "") {
    return comparedRows().map((row) => {
      const { quality, speed, balanced, e2e_p50_s: e2e } = row.figures;
      return { row, quality: quality[0], bounds: quality, speed: speed[0], e2e, score: balanced[0], cost: row.costs[""] ?? null };
    });
  }
  const medians = new Map(FIGURES.medians.filter(([, name]) => name === family)
    .map(([place, , value]) => [CELLS[place].row, value]));
  return comparedRows().filter((row) => row.scores[family]).map((row) => {
    const cells = row.scores[family];
    return {
      row, quality: mean(cells.map(([, , raw]) => raw)), bounds: null, speed: mean(cells.map(([, s]) => s)),
      e2e: medians.get(ROWS.indexOf(row)) ?? null, score: mean(cells.map((cell) => balance(scoresOf(cell), ASKED))),
      cost: row.costs[family] ?? null,
    };
  });
}

// Which rows are on the front was decided with the scoreboard; here they are put in order.
function frontOf(points, family, across) {
  const fronts = VALUES.comparisons[chosenComparison()]?.fronts ?? [];
  const front = fronts.find((one) => (one.family ?? "") === family && one.axis === across);
  const on = new Set(front?.rows);
  return points.filter(({ row }) => on.has(ROWS.indexOf(row))).sort((a, b) => a.x - b.x);
}

// One budget for all tasks of a family, or null: without it no curve has a meaning.
function budgetOf(family) {
  const budgets = unique(CELLS.map((cell, place) => (cell.family === family ? FIGURES.cells[place].budget : null))
    .filter((value) => value !== null));
  return family !== "" && budgets.length === 1 ? budgets[0] : null;
}

// What guessing earns in all cells that are drawn, or null where it differs between them:
// then no curve of equal balance has a meaning.
function chanceOf(family) {
  const chances = unique(CELLS.filter((cell) => compared(ROWS[cell.row]) && (family === "" || cell.family === family))
    .map((cell) => cell.figures.chance).filter((value) => value !== null));
  return chances.length === 1 ? chances[0] : null;
}

// Quality, chance taken off, at which the balanced score is `level`, at a speed.
function qualityFor(level, speed) {
  if (VALUES.balance === "arithmetic") return 2 * level - speed;
  if (VALUES.balance === "geometric") return (level * level) / speed;
  if (VALUES.balance === "proportional") return (level / (1 - level)) ** 2 * (1 - speed) / speed;
  return (level * speed) / (2 * speed - level);
}

function isoCurves(across, budget, range, chance) {
  const { quiet } = ink();
  return [0.2, 0.4, 0.6, 0.8].map((level) => {
    const [x, y] = [[], []];
    for (let step = 0; step <= 200; step += 1) {
      const at = across === "speed" ? 0.005 + 0.995 * (step / 200)
        : range[0] * (range[1] / range[0]) ** (step / 200);
      const speed = across === "speed" ? at : 1 / (1 + at / budget);
      const above = qualityFor(level, speed);
      const quality = chance + (1 - chance) * above;
      if (above >= 0 && quality <= 1.04) { x.push(at); y.push(quality); }
    }
    return {
      x, y, mode: "lines", hoverinfo: "skip", showlegend: false, meta: level,
      line: { color: quiet, width: 1, dash: "dot" }, opacity: 0.75,
    };
  });
}

// A curve's figure stands on it where answers are fastest.
function isoFigures(curves, across) {
  const { quiet } = ink();
  return curves.filter(({ x }) => x.length).map(({ x, y, meta }) => ({
    x: across === "speed" ? x.at(-1) : Math.log10(x[0]), y: across === "speed" ? y.at(-1) : y[0],
    text: meta.toFixed(1), showarrow: false, yshift: 8, xshift: across === "speed" ? -10 : 14,
    font: { size: 11, color: quiet },
  }));
}

// Where the label of each point stands, so that none lies on another or on a point; "" where
// no place is free: the point is named in the legend then. Sizes are those of 12 px letters.
const LETTER = 6.8, LINE = 16, GAP = 9;
const SIDES = [
  ["top right", 1, -1], ["top left", -1, -1], ["bottom right", 1, 1], ["bottom left", -1, 1],
  ["middle right", 1, 0], ["middle left", -1, 0], ["top center", 0, -1], ["bottom center", 0, 1],
];

function overlap(a, b) {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

// `spots`: {x, y, text} in pixels of a frame of that width and height, the weightiest first.
function labelSides(spots, width, height) {
  const taken = spots.map(({ x, y }) => ({ left: x - GAP, right: x + GAP, top: y - GAP, bottom: y + GAP }));
  const points = [...taken];
  return spots.map(({ x, y, text }, own) => {
    const wide = text.length * LETTER;
    for (const [side, across, down] of SIDES) {
      const left = across > 0 ? x + GAP - 4 : across < 0 ? x - GAP + 4 - wide : x - wide / 2;
      const top = down < 0 ? y - GAP - LINE + 4 : down > 0 ? y + GAP - 4 : y - LINE / 2;
      const box = { left, right: left + wide, top, bottom: top + LINE };
      const inside = box.left >= 0 && box.right <= width && box.top >= 0 && box.bottom <= height;
      const free = taken.every((other) => other === points[own] || !overlap(box, other));
      if (inside && free) { taken.push(box); return side; }
    }
    return "";
  });
}

function drawPlane() {
  const family = $("plane-family").value;
  const across = $("plane-axis").value;
  const points = pointsOf(family).map((point) => ({ ...point, x: point[across] }));
  const shown = points.filter(({ x, quality }) => x !== null && quality !== null);
  const budget = budgetOf(family);
  const times = shown.map(({ x }) => x);
  const wide = across === "e2e" && budget !== null ? [...times, budget * 0.1, budget * 2] : times;
  const range = wide.length ? [Math.min(...wide) / 1.25, Math.max(...wide) * 1.25] : [0.1, 10];
  const chance = chanceOf(family);
  // With weights of their own, or a third axis, no curve in this plane is of one score.
  const even = ASKED.quality === 0.5 && ASKED.speed === 0.5;
  const curved = even && across !== "cost" && chance !== null && (across === "speed" || budget !== null);
  const dearest = Math.max(0, ...shown.map(({ cost }) => cost ?? 0));
  const third = new Set(frontOf(shown, family, "e2e and cost").map(({ row }) => row));
  const front = frontOf(shown, family, across);
  const { text, quiet } = ink();
  const traces = curved ? isoCurves(across, budget, range, chance) : [];
  const annotations = isoFigures(traces, across);
  traces.push({
    x: front.map(({ x }) => x), y: front.map(({ quality }) => quality), mode: "lines", name: "Pareto front",
    line: { color: text, width: 1.5, shape: across === "speed" ? "vh" : "hv" }, hoverinfo: "skip", opacity: 0.8,
  });
  const x = across === "speed" ? axis("speed, 1 / (1 + e2e / budget): faster is right", { range: [0, 1.02] })
    : across === "cost" ? axis(`cost of an answer in ${VALUES.cost_unit}: cheaper is left`, { range: [0, 1.1 * Math.max(dearest, 1e-12)] })
      : timeAxis("e2e p50: faster is left", wide);
  const frame = { wide: Math.max(200, $("plot-plane").clientWidth - 90), high: 420 };
  const place = (value) => (across === "e2e" ? Math.log10(value) : value);
  const sides = labelSides(shown.map((point) => ({
    x: frame.wide * (place(point.x) - x.range[0]) / (x.range[1] - x.range[0]),
    y: frame.high * (1 - point.quality / 1.04), text: label(point.row.label, 22),
  })), frame.wide, frame.high);
  for (const [number, point] of shown.entries()) {
    const { row, quality, bounds: span } = point;
    const side = narrow() ? "" : sides[number];
    traces.push({
      x: [point.x], y: [quality], mode: side ? "markers+text" : "markers", name: label(row.label, 34),
      text: [label(row.label, 22)], textposition: side || "top right",
      marker: marker(row, {
        size: ASKED.cost > 0 && point.cost !== null ? 10 + 16 * Math.sqrt(point.cost / (dearest || 1)) : 14,
        ...(third.has(row) ? { line: { width: 2.5, color: text } } : {}),
      }),
      textfont: { size: 12, color: text }, hoverinfo: "text", showlegend: !side,
      error_y: span && span[1] !== null ? {
        type: "data", symmetric: false, array: [span[2] - span[0]], arrayminus: [span[0] - span[1]],
        color: hue(row), thickness: 1.2, width: 0,
      } : undefined,
      hovertext: [hover(`<b>${label(row.label)}</b>`, `quality ${span ? bounds(span) : ratio(quality)}`,
        `speed ${ratio(point.speed)}`, `balanced ${ratio(point.score)}`, `e2e p50 ${seconds(point.e2e)}`,
        ...(point.cost === null ? [] : [`cost ${amount(point.cost)} an answer`]))],
    });
  }
  const gone = points.length - shown.length;
  const lost = gone ? ` ${gone} of ${points.length} rows have no such figure (too many time-outs, or nothing answered) and are not drawn.` : "";
  const others = ROWS.length - comparedRows().length;
  const under = others ? ` ${others} rows that were not compared with these are not drawn.` : "";
  const one = family === "" ? "A row's balanced score is the mean over families, so it lies near the curves and not on them." : "";
  $("plane-note").textContent = (curved
    ? `Dotted: points of the same balanced score.${across === "e2e"
      ? ` As if every answer took the time on the axis, with a budget of ${seconds(budget)}.` : ` ${one}`}`
    : even && across !== "cost" ? "No curves of equal balance here: tasks with different budgets or chances share this plane."
      : "No curves of equal balance here: the score is of more than this plane, or weighs it otherwise.")
    + (front.length ? " The line is the Pareto front of the points in this plane." : "")
    + (ASKED.cost > 0 ? " The larger a mark, the dearer its answers; ringed are the rows on the front of quality, e2e p50 and cost." : "")
    + `${chance ? ` The grey line is what guessing earns, ${ratio(chance)}.` : ""}`
    + `${sayGuessing()}${lost}${under}`;
  return plot("plot-plane", traces, layout({
    xaxis: x, yaxis: axis("quality", { range: [0, 1.04] }), height: narrow() ? 400 : 520,
    annotations,
    shapes: chance ? [{
      type: "line", xref: "paper", x0: 0, x1: 1, y0: chance, y1: chance, line: { color: quiet, width: 1.5, dash: "dash" }, layer: "below",
    }] : [],
    legend: { orientation: "h", y: narrow() ? -0.26 : -0.16, x: 0, font: { size: 12, color: quiet } },
  }), "Nothing to draw: no row has both figures.");
}

function drawWeights() {
  const weight = shares.quality;
  const steps = Array.from({ length: 101 }, (_, step) => step / 100);
  const { quiet, line } = ink();
  const traces = rankedRows().map((row) => {
    const scores = steps.map((step) => scoreAt(row, withShare(shares, "quality", step)));
    return {
      x: steps, y: scores, mode: "lines", name: label(row.label, 34), line: { color: hue(row), width: 2.2, dash: dash(row) },
      hoverinfo: "text", hovertext: steps.map((step, place) => hover(`<b>${label(row.label)}</b>`,
        `weight ${step.toFixed(2)}: ${ratio(scores[place])}`)),
    };
  });
  return plot("plot-weights", traces, layout({
    xaxis: axis("weight of quality", { range: [0, 1] }), yaxis: axis("score", { rangemode: "tozero" }),
    height: narrow() ? 340 : 380,
    shapes: [
      { type: "rect", x0: 0.3, x1: 0.7, y0: 0, y1: 1, yref: "paper", fillcolor: line, opacity: 0.35, line: { width: 0 }, layer: "below" },
      { type: "line", x0: weight, x1: weight, y0: 0, y1: 1, yref: "paper", line: { color: quiet, width: 1.5, dash: "dot" } },
    ],
  }), "Nothing to draw: no row is above guessing for certain.");
}

function drawQuality() {
  const tasks = unique(CELLS.map((cell) => cell.task));
  const known = ROWS.filter((_, place) => CELLS.some((cell) => cell.row === place && cell.figures.quality[0] !== null));
  const rows = known.filter((row) => !swept(row));
  const left = known.length - rows.length;
  $("quality-note").textContent = "The task's own metric with its 95 % interval; none is drawn where all resamples agree."
    + " A grey line is what guessing would score." + (left ? ` ${left} rows under load are in the table of all cells.` : "");
  const step = Math.min(0.16, 0.72 / Math.max(1, rows.length));
  const { quiet, line } = ink();
  const traces = rows.map((row, place) => {
    const own = CELLS.filter((cell) => ROWS[cell.row] === row && cell.figures.quality[0] !== null);
    const spans = own.map(({ figures }) => figures.quality);
    return {
      x: spans.map(([value]) => value),
      y: own.map((cell) => tasks.indexOf(cell.task) + (place - (rows.length - 1) / 2) * step),
      mode: "markers", name: label(row.label, 34), marker: marker(row, { size: 9 }), hoverinfo: "text",
      error_x: {
        type: "data", symmetric: false, thickness: 1.4, width: 0, color: hue(row),
        array: spans.map(([value, , high]) => (high === null ? 0 : high - value)),
        arrayminus: spans.map(([value, low]) => (low === null ? 0 : value - low)),
      },
      hovertext: own.map((cell) => hover(`<b>${label(row.label)}</b>`, label(cell.task),
        `${label(cell.metric ?? "")} ${bounds(cell.figures.quality)}`, `${cell.figures.samples} samples`)),
    };
  });
  const chances = tasks.map((task) => CELLS.findIndex((cell, place) => cell.task === task && FIGURES.cells[place].chance))
    .map((place) => (place < 0 ? null : FIGURES.cells[place].chance));
  const shapes = chances.flatMap((chance, place) => (chance === null ? [] : [{
    type: "line", x0: chance, x1: chance, y0: place - 0.42, y1: place + 0.42, line: { color: quiet, width: 2 }, layer: "below",
  }])).concat(tasks.slice(1).map((_, place) => ({
    type: "line", xref: "paper", x0: 0, x1: 1, y0: place + 0.5, y1: place + 0.5, line: { color: line, width: 1 }, layer: "below",
  })));
  return plot("plot-quality", traces, layout({
    xaxis: axis("metric of the task", { range: [-0.02, 1.02] }),
    yaxis: axis("", {
      tickvals: tasks.map((_, place) => place), ticktext: tasks.map((task) => label(task, narrow() ? 16 : 32)),
      range: [tasks.length - 0.5, -0.5], showgrid: false, zeroline: false,
    }),
    shapes, height: 130 + tasks.length * Math.max(54, rows.length * 13),
    legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0, font: { size: 12 } },
  }), "Nothing to draw: no metric has a value.");
}

function sayFamilies() {
  const select = $("plane-family");
  options(select, [["", "all"], ...familiesOf().map((family) => [family, family])], select.value);
}

function startPlanes() {
  const select = $("plane-family");
  sayFamilies();
  select.addEventListener("change", () => {
    // A family with one budget has curves over time; all families only over speed.
    $("plane-axis").value = budgetOf(select.value) === null ? "speed" : "e2e";
    drawPlane();
  });
  $("plane-axis").addEventListener("change", drawPlane);
  DRAWERS.set("plane", drawPlane);
  if ($("weight")) DRAWERS.set("weights", drawWeights);
  DRAWERS.set("quality", drawQuality);
}
