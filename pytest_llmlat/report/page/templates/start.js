// Colours, printing, and the order in which the parts come to life.
const THEMES = ["auto", "light", "dark"];

function setTheme(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  $("theme").textContent = `Colours: ${theme}`;
  $("theme").setAttribute("aria-label", `Colours: ${theme === "auto" ? "as the system has them" : theme}`);
  try { localStorage.setItem("llmlat-theme", theme); } catch { /* not remembered */ }
}

function startTheme() {
  const now = document.documentElement.dataset.theme ?? "auto";
  if (now !== "auto") $("theme").textContent = `Colours: ${now}`;
  $("theme").addEventListener("click", () => {
    const before = document.documentElement.dataset.theme ?? "auto";
    setTheme(THEMES[(THEMES.indexOf(before) + 1) % THEMES.length]);
    drawAll();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
}

function startPrinting() {
  const redraw = () => { for (const draw of DRAWERS.values()) draw(); };
  addEventListener("beforeprint", () => { printing = true; redraw(); });
  addEventListener("afterprint", () => { printing = false; redraw(); });
}

startTheme();
startTables();
startWeights();
startPlanes();
startLatencies();
startLoads();
startSamples();
startPrinting();
// Tables and text are there first; the plots follow.
setTimeout(() => startPlots().catch((error) => {
  document.documentElement.dataset.plots = "failed";
  document.querySelectorAll(".plot").forEach((element) => { element.textContent = `No plot in this browser: ${error.message}`; });
}));
