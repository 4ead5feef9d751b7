// Before anything is drawn: the colours that were chosen last time.
try {
  const chosen = localStorage.getItem("llmlat-theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch { /* A browser may refuse to remember; the system's colours are as good. */ }
