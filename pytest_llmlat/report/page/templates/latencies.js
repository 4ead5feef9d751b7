// Distributions of single answers, and the parts that their time is made of.
const cellsOf = (task) => CELLS.map((cell, place) => ({ ...cell, place, told: cell.figures, figures: FIGURES.cells[place] }))
  .filter((cell) => task === "" || cell.task === task);

function drawEcdf() {
  const task = $("task").value;
  const cells = cellsOf(task).filter(({ figures }) => figures.answered);
  const times = cells.flatMap(({ figures }) => figures.steps.map(([time]) => time));
  const longest = Math.max(...times, 0) * 1.25;
  const traces = [];
  for (const { row: number, figures, told, timeouts, errors, contended } of cells) {
    const e2e = [told.e2e_p50_s, told.e2e_p95_s];
    const row = ROWS[number];
    const total = figures.answered + figures.timeouts;
    const last = figures.steps.at(-1);
    traces.push({
      // From nothing up, and on to the edge: where there were time-outs it stays below 1.
      x: [figures.steps[0][0], ...figures.steps.map(([time]) => time), longest],
      y: [0, ...figures.steps.map(([, share]) => share), last[1]],
      mode: "lines", line: { shape: "hv", color: hue(row), width: 2, dash: dash(row) },
      name: label(row.label, 34) + (contended ? " (contended)" : ""), legendgroup: String(number), hoverinfo: "text",
      hovertext: [["", 0], ...figures.steps, last].map(([time, share]) => hover(`<b>${label(row.label)}</b>`,
        time === "" ? null : `${(share * 100).toFixed(1)} % of ${total} within ${seconds(time)}`,
        `p50 ${seconds(e2e[0])}, p95 ${seconds(e2e[1])}`,
        timeouts ? `${timeouts} time-outs: never` : null, errors ? `${errors} errors, not in here` : null)),
    });
    const marks = [[e2e[0], 0.5, "p50"], [e2e[1], 0.95, "p95"]].filter(([time]) => time !== null);
    traces.push({
      x: marks.map(([time]) => time), y: marks.map(([, share]) => share), mode: "markers", showlegend: false,
      legendgroup: String(number), marker: marker(row, { size: 9 }), hoverinfo: "text",
      hovertext: marks.map(([time, , name]) => hover(`<b>${label(row.label)}</b>`, `${name} ${seconds(time)}`)),
    });
    if (figures.timeouts) {
      traces.push({
        x: [longest / 1.06], y: [last[1]], mode: "markers", showlegend: false, legendgroup: String(number),
        marker: { symbol: "triangle-right", size: 11, color: hue(row) }, hoverinfo: "text",
        hovertext: [hover(`<b>${label(row.label)}</b>`, `${timeouts} of ${total} timed out: they took longer`)],
      });
    }
  }
  const cut = cells.reduce((sum, { timeouts }) => sum + timeouts, 0);
  const broken = cellsOf(task).reduce((sum, { errors }) => sum + errors, 0);
  $("ecdf-note").textContent = "Share of requests answered within a time, with p50 and p95."
    + (cut ? ` ${cut} timed out: their lines end below 1, at an arrow.` : "")
    + (broken ? ` ${broken} errors have no time and are not in it.` : "");
  return plot("plot-ecdf", traces, layout({
    xaxis: timeAxis("e2e", [...times, longest / 1.25]), yaxis: axis("share answered", { range: [0, 1.03], tickformat: ".0%" }),
    height: narrow() ? 360 : 400,
  }), "Nothing to draw: nothing was answered.");
}

function drawParts() {
  const task = $("task").value;
  const sums = ROWS.map((row, number) => {
    const own = cellsOf(task).filter((cell) => cell.row === number).map(({ figures }) => figures);
    const add = (pick) => own.reduce((sum, one) => sum + pick(one), 0);
    return {
      row, split: add((one) => one.split), whole: add((one) => one.whole), queued: add((one) => one.queued),
      spent: [0, 1, 2, 3].map((part) => add((one) => one.spent[part])),
    };
  });
  const rows = sums.filter(({ split, whole }) => split + whole);
  const names = rows.map((_, place) => place);
  const count = ({ split, whole }, part) => (part === 3 ? whole : split);
  const parts = ["waiting to be sent", "to the first token", "after the first token", "undivided"];
  const { quiet, back } = ink();
  const look = dark() && !printing
    ? ["#8a8f99", "#4BA3DB", "#F0B63C", "#565c68"] : ["#9aa0aa", "#0072B2", "#E69F00", "#cfcac0"];
  // A row of which some answers are split and some are not has two bars beside each other.
  const bars = [0, 1, 2, 3].filter((part) => rows.some((one) => (part === 0 ? one.queued : count(one, part)))).map((part) => ({
    type: "bar", orientation: "h", name: parts[part], offsetgroup: part === 3 ? "whole" : "split",
    x: rows.map((one) => (count(one, part) ? one.spent[part] / count(one, part) : null)), y: names,
    marker: { color: look[part], line: { color: back, width: 1 } }, hoverinfo: "text",
    hovertext: rows.map((one) => hover(`<b>${label(one.row.label)}</b>`, `${parts[part]}: ${count(one, part)
      ? `${seconds(one.spent[part] / count(one, part))} on average` : "not known"}`, `${count(one, part)} answers`)),
  }));
  const blind = sums.reduce((sum, { whole }) => sum + whole, 0);
  $("parts-note").textContent = "Mean of all answers. Up to the first token a model reads the prompt (prefill);"
    + " of a server the network and its own queue are in there too. Only waiting for this client is told apart, where requests had a time to be sent."
    + (blind ? ` Of ${blind} answers only the end is known (they did not stream): their time is undivided.` : "");
  return plot("plot-parts", bars, layout({
    barmode: "stack", bargap: 0.35, xaxis: axis("seconds"),
    yaxis: axis("", { tickvals: names, ticktext: rows.map(({ row }) => label(row.label, narrow() ? 14 : 24)), range: [rows.length - 0.5, -0.5], showgrid: false, zeroline: false, tickfont: { size: 12, color: quiet } }),
    height: Math.max(narrow() ? 300 : 400, 130 + rows.length * 34),
    legend: { orientation: "h", y: -0.18, yanchor: "top", x: 0, font: { size: 12 }, traceorder: "normal" },
  }), "Nothing to draw: nothing was answered.");
}

function drawTtft() {
  const cells = cellsOf($("task").value);
  const drawn = ROWS.map((row, number) => ({
    row, dots: cells.filter((cell) => cell.row === number).flatMap(({ figures, task }) => figures.dots.map((dot) => [...dot, task])),
  })).filter(({ dots }) => dots.length);
  const traces = drawn.map(({ row, dots }) => ({
    x: dots.map(([tokens]) => tokens), y: dots.map(([, time]) => time), mode: "markers", name: label(row.label, 34),
    marker: marker(row, { size: 7, opacity: 0.75 }), hoverinfo: "text",
    hovertext: dots.map(([tokens, time, task]) => hover(`<b>${label(row.label)}</b>`, label(task), `${tokens} tokens, TTFT ${seconds(time)}`)),
  }));
  const shown = drawn.reduce((sum, { dots }) => sum + dots.length, 0);
  const all = cells.reduce((sum, { figures }) => sum + figures.dotted, 0);
  const answered = cells.reduce((sum, { figures }) => sum + figures.answered, 0);
  $("ttft-note").textContent = "Time to the first token against the length of the answer: it should not depend on it."
    + (shown < all ? ` ${shown.toLocaleString("en")} of ${all.toLocaleString("en")} answers are drawn, chosen by the sample's name.` : "")
    + (all < answered ? ` ${answered - all} answers have no TTFT or no count of tokens.` : "");
  return plot("plot-ttft", traces, layout({
    xaxis: axis("output tokens", { rangemode: "tozero" }), yaxis: timeAxis("TTFT", traces.flatMap(({ y }) => y)),
    height: narrow() ? 360 : 400,
  }), "Nothing to draw: no answer has both a TTFT and a count of tokens.");
}

function startLatencies() {
  const tasks = unique(CELLS.map((cell) => cell.task));
  options($("task"), tasks.map((task) => [task, task]));
  const draw = () => { drawEcdf(); drawParts(); drawTtft(); };
  $("task").addEventListener("change", draw);
  DRAWERS.set("ecdf", drawEcdf);
  DRAWERS.set("parts", drawParts);
  DRAWERS.set("ttft", drawTtft);
}
