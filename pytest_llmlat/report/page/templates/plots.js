// What all plots have in common: colours that the colour-blind can tell (Okabe and Ito,
// 2008), shapes and dashes beside them, and one way to draw.
const HUES = {
  light: ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#1f2328", "#8a7a00"],
  dark: ["#4BA3DB", "#F0803C", "#2BC49A", "#E39BC4", "#8FD0F5", "#F0B63C", "#E8E6E1", "#F0E442"],
};
const DASHES = ["solid", "dash", "dot", "dashdot", "longdash", "longdashdot"];
const DRAWERS = new Map();
let FIGURES = { cells: [], medians: [] };
let PLOTTING = false;

const dark = () => {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
};
let printing = false;
const hue = (row) => HUES[dark() && !printing ? "dark" : "light"][row.hue];
const dash = (row) => DASHES[ROWS.indexOf(row) % DASHES.length];
const narrow = () => matchMedia("(max-width: 40rem)").matches;
const ink = () => (dark() && !printing
  ? { text: "#e8e6e1", quiet: "#a3a9b3", line: "#343943", back: "#1c1f25" }
  : { text: "#23262b", quiet: "#5c636e", line: "#e3dfd6", back: "#ffffff" });

function axis(title, more = {}) {
  const { quiet, line } = ink();
  return {
    title: { text: title, font: { size: 13, color: quiet }, standoff: 10 },
    gridcolor: line, zerolinecolor: line, linecolor: line,
    tickfont: { size: 12, color: quiet }, automargin: true, ...more,
  };
}

// Seconds on a logarithmic axis: three ticks a decade, with their unit.
function timeAxis(title, values, more = {}) {
  const known = values.filter((value) => value > 0);
  const [low, high] = known.length
    ? [Math.min(...known) / 1.25, Math.max(...known) * 1.25] : [0.1, 10];
  const ticks = [];
  const sparse = high / low > 300;
  for (let power = -7; power < 6; power += 1) {
    for (const digit of sparse ? [1] : [1, 2, 5]) {
      const value = digit * 10 ** power;
      if (value >= low && value <= high) ticks.push(value);
    }
  }
  return axis(title, {
    type: "log", range: [Math.log10(low), Math.log10(high)], tickvals: ticks,
    ticktext: ticks.map((value) => seconds(value).replace(/\.?0+ /, (zeros) => (zeros.startsWith(".") ? " " : zeros))),
    ...more,
  });
}

function layout(more = {}) {
  const { text, back, line } = ink();
  return {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: getComputedStyle(document.body).fontFamily, size: 13, color: text },
    margin: { l: 56, r: 16, t: 12, b: 48 }, hovermode: "closest",
    hoverlabel: { bgcolor: back, bordercolor: line, font: { color: text, size: 13 }, align: "left", namelength: -1 },
    legend: { orientation: "h", y: -0.22, yanchor: "top", x: 0, font: { size: 12 }, itemclick: "toggle" },
    dragmode: matchMedia("(pointer: coarse)").matches ? false : "zoom",
    showlegend: true, ...more,
  };
}

const CONFIG = {
  responsive: true, displaylogo: false, showSendToCloud: false, plotlyServerURL: "",
  modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d"], scrollZoom: false,
};

function plot(id, traces, shape, empty) {
  const element = $(id);
  if (!element || !PLOTTING) return undefined;
  const some = traces.some((trace) => (trace.x ?? []).some((value) => value !== null));
  element.hidden = false;
  if (!some) {
    window.Plotly.purge(element);
    element.textContent = empty;
    element.classList.add("empty");
    return undefined;
  }
  if (element.classList.contains("empty")) {
    element.textContent = "";
    element.classList.remove("empty");
  }
  return window.Plotly.react(element, traces, shape, CONFIG);
}

const hover = (...lines) => lines.filter((line) => line !== null).join("<br>");

function marker(row, more = {}) {
  return { color: hue(row), symbol: row.shape, size: 11, line: { width: 1, color: ink().back }, ...more };
}

async function drawAll() {
  if (!PLOTTING) return;
  for (const draw of DRAWERS.values()) {
    await draw();
    // Between two plots the page answers to whoever reads already.
    await new Promise((done) => { setTimeout(done); });
  }
}

async function startPlots() {
  FIGURES = JSON.parse(await inflate("figures"));
  const source = $("library") ? await inflate("library") : null;
  if (source === null) {
    document.querySelectorAll(".plot").forEach((element) => { element.hidden = true; });
    document.documentElement.dataset.plots = "none";
    return;
  }
  // The page's policy knows this text by its digest, and lets no other run.
  const script = document.createElement("script");
  script.textContent = source;
  document.head.append(script);
  script.remove();
  PLOTTING = Boolean(window.Plotly);
  await drawAll();
  document.documentElement.dataset.plots = "drawn";
}
