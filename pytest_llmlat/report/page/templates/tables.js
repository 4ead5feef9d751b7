// Tables are sorted by their heads, by mouse and keyboard. What is missing stays last.
function sortTable(table, column, ascending) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const key = (row) => row.cells[column].dataset.key;
  const number = rows.every((row) => key(row) === undefined || Number.isFinite(Number(key(row))));
  rows.sort((a, b) => {
    const [x, y] = [key(a), key(b)];
    if (x === undefined || y === undefined) return (x === undefined) - (y === undefined);
    const order = number ? Number(x) - Number(y) : x.localeCompare(y, "en", { numeric: true });
    return ascending ? order : -order;
  });
  body.append(...rows);
  [...table.tHead.rows[0].cells].forEach((head, place) => {
    if (place === column) head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
    else head.removeAttribute("aria-sort");
  });
}

function startTables() {
  for (const table of document.querySelectorAll("table.sortable")) {
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      head.querySelector("button").addEventListener("click", () => {
        const before = head.getAttribute("aria-sort");
        // Figures begin with the largest, names and places with the first.
        const first = !head.classList.contains("num") || column === 0;
        sortTable(table, column, before === null ? first : before === "descending");
      });
    });
  }
  document.querySelectorAll("#board tbody tr").forEach((row, place) => {
    row.dataset.row = place;
    const drawn = row.querySelector(".mark");
    if (drawn) drawn.dataset.row = place;
  });
}
