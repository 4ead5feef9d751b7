// What a server did under each load. A point that this client limited is no point of
// it, nor one that was not kept up: its times grow with the length of the run.
function curveName({ task, kind }) { return `${task} · ${kind}`; }

const good = ({ limited, contended, behind }) => limited === null && contended === null && !behind;

function loadTraces(curves, series) {
  return curves.flatMap((curve) => {
    const row = { hue: VALUES.curves.findIndex(({ name }) => name === curve.name) % 8, shape: curve.shape };
    return series.flatMap(({ pick, name, style }, first) => {
      const told = (point) => hover(`<b>${label(curve.name)}</b>`, label(point.scenario), name(point),
        `${point.n} requests${point.failed ? `, ${point.failed} failed` : ""}`,
        point.behind ? "not keeping up: longer in a longer run" : null,
        point.limited === null ? null : `client-limited: ${label(point.limited, 80)}`,
        point.contended === null ? null : `contended: ${label(point.contended, 80)}`);
      const line = {
        x: curve.points.map(({ level }) => level), y: curve.points.map((point) => (good(point) ? pick(point) : null)),
        mode: "lines+markers", connectgaps: false, name: label(curve.name, 34), legendgroup: curve.name, showlegend: first === 0,
        line: { color: hue(row), width: 2, dash: style },
        marker: {
          color: hue(row), size: 9,
          symbol: curve.points.map(({ failed }) => (failed ? `${curve.shape}-open` : curve.shape)),
        },
        hoverinfo: "text", hovertext: curve.points.map(told),
      };
      const bad = curve.points.filter((point) => !good(point) && pick(point) !== null);
      const crosses = {
        x: bad.map(({ level }) => level), y: bad.map(pick), mode: "markers", name: "not the server's, or not kept up", legendgroup: "limited",
        showlegend: first === 0 && curve === curves.find(({ points }) => points.some((point) => !good(point))), marker: { symbol: "x-open", size: 11, color: hue(row) },
        hoverinfo: "text", hovertext: bad.map(told),
      };
      return bad.length ? [line, crosses] : [line];
    });
  });
}

function chosenCurves() {
  return VALUES.curves.filter((curve) => curveName(curve) === $("curve").value)
    .map((curve, place) => ({ ...curve, shape: ["circle", "square", "diamond", "triangle-up", "cross", "star"][place % 6] }));
}

function levelAxis(curves) {
  const levels = unique(curves.flatMap(({ points }) => points.map(({ level }) => level))).sort((a, b) => a - b);
  const spread = levels[0] > 0 && levels.at(-1) / levels[0] >= 8;
  const title = curves[0]?.kind === "server" ? "requests offered a second" : "requests in flight";
  return axis(title, { type: spread ? "log" : "linear", tickvals: levels, ticktext: levels.map(String) });
}

// The figures that are drawn over the load; of those that no point has there is no line.
function seriesOf(curves, unit, written, styles) {
  const points = curves.flatMap((curve) => curve.points);
  return VALUES.series.filter((one) => one.unit === unit)
    .filter(({ key }, place) => place === 0 || points.some(({ figures }) => figures[key] !== null))
    .map(({ key, title }, place) => ({
      pick: ({ figures }) => figures[key], name: ({ figures }) => `${title} ${written(figures[key])}`, style: styles[place % styles.length],
    }));
}

function drawLoadLatency() {
  const curves = chosenCurves();
  const traces = loadTraces(curves, seriesOf(curves, "s", seconds, ["solid", "dash", "longdash", "dashdot"]));
  return plot("plot-load-latency", traces, layout({
    xaxis: levelAxis(curves), yaxis: axis("seconds", { rangemode: "tozero" }), height: narrow() ? 340 : 380,
  }), "Nothing to draw: nothing was answered under this load.");
}

function drawLoadRate() {
  const curves = chosenCurves();
  const rate = (value) => (value === null ? MISSING : `${value.toPrecision(3)} a second`);
  const series = seriesOf(curves, "1/s", rate, ["solid", "dot", "dashdot"]);
  return plot("plot-load-rate", loadTraces(curves, series), layout({
    xaxis: levelAxis(curves), yaxis: axis("requests a second", { rangemode: "tozero" }), height: narrow() ? 340 : 380,
  }), "Nothing to draw: nothing was answered under this load.");
}

function startLoads() {
  if (!$("curve")) return;
  options($("curve"), unique(VALUES.curves.map(curveName)).map((name) => [name, name]));
  $("curve").addEventListener("change", () => { drawLoadLatency(); drawLoadRate(); });
  DRAWERS.set("load-latency", drawLoadLatency);
  DRAWERS.set("load-rate", drawLoadRate);
}
