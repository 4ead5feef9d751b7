// Samples: a cell is inflated when it is looked at, and its texts reach the page as text.
const LOADED = new Map();
const PAGE = 100;
let shownRows = [];
let visibleCount = PAGE;
let chosen = null;
let asked = 0;

function chunk(place) {
  if (!LOADED.has(place)) {
    LOADED.set(place, inflate(`chunk-${place}`).then((text) => (text === null ? { texts: [], rows: [] } : JSON.parse(text))));
    // A few cells at a time: a page that stays open does not fill up.
    if (LOADED.size > 12) LOADED.delete(LOADED.keys().next().value);
  }
  return LOADED.get(place);
}

const whole = (text) => (text === null || text === undefined ? "" : Array.isArray(text) ? `${text[0]}\n${text[2]}` : text);

// One cell as objects, with prompts and references from wherever they are stored.
async function readCell(place) {
  const { rows } = await chunk(place);
  const homes = new Map();
  for (const home of unique(rows.map((row) => row[FIELD.text][0]))) homes.set(home, await chunk(home));
  return rows.map((row) => {
    const [home, number] = row[FIELD.text];
    const [prompt, reference] = homes.get(home).texts[number] ?? [null, null];
    const sample = Object.fromEntries(VALUES.columns.map((name, at) => [name, row[at]]));
    return { ...sample, prompt, reference, key: `${sample.round}|${sample.sample}` };
  });
}

const isFailed = ({ finish }) => !["stop", "length"].includes(finish);
const outcome = (sample) => {
  if (sample.finish === "error") return "error";
  if (sample.finish === "timeout") return "time-out";
  if (sample.finish === "context") return "no room";
  return sample.correct === null ? "scored" : sample.correct ? "right" : "wrong";
};
// Labels of people make a cell's quality theirs; the grade of one answer stays the panel's.
const metricOf = (cell) => (cell.judged ? "judges' panel" : cell.metric ?? "metric");
const SIGNS = { right: "✓", wrong: "✗", error: "!", "time-out": "⧖", "no room": "!", scored: "·" };

const FILTERS = {
  all: () => true,
  right: ({ correct }) => correct === true,
  wrong: ({ correct }) => correct === false,
  failed: isFailed,
  differ: (one, two) => two !== undefined && (one.correct !== two.correct || one.value !== two.value || isFailed(one) !== isFailed(two)),
};
for (const flag of ["unparsed", "truncated", "refused", "empty", "cut in thought"]) FILTERS[flag] = ({ flags }) => flags.includes(flag);

// How far apart the votes lie that count; below 0 where fewer than two do.
const spread = ({ votes }) => {
  const told = votes.filter(([, , share, counted]) => counted && share !== null).map(([, , share]) => share);
  return told.length > 1 ? Math.max(...told) - Math.min(...told) : told.length - 2;
};
FILTERS["judges differ"] = (sample) => spread(sample) > 0;

const slowness = (sample) => (isFailed(sample) ? Infinity : sample.e2e ?? -1);
const ORDERS = {
  slow: (a, b) => slowness(b) - slowness(a) || (b.e2e ?? 0) - (a.e2e ?? 0) || a.sample.localeCompare(b.sample),
  name: (a, b) => a.sample.localeCompare(b.sample, "en", { numeric: true }) || a.round - b.round,
  apart: (a, b) => spread(b) - spread(a) || a.sample.localeCompare(b.sample),
  low: (a, b) => a.value - b.value || slowness(b) - slowness(a),
};
// Infinity - Infinity is no number: two that failed are equally slow.
const inOrder = (order) => (a, b) => (order === "slow" && slowness(a) === slowness(b)
  ? (b.e2e ?? 0) - (a.e2e ?? 0) : ORDERS[order](a, b));

const cellAt = (task, number) => CELLS.findIndex((cell) => cell.task === task && String(cell.row) === number);

function duration(sample) {
  if (sample.e2e === null) return MISSING;
  return `${sample.finish === "timeout" ? "≥ " : ""}${seconds(sample.e2e)}`;
}

function listItem({ one, two, cells }) {
  const told = outcome(one);
  const button = make("button", { type: "button" },
    make("span", { class: "sign", "data-tone": told }, SIGNS[told]),
    show(make("span", { class: "id" }), one.sample + (one.round ? ` (${one.round + 1})` : "")),
    make("span", { class: "time" }, duration(one)),
    make("span", { class: "sub" }, [told === "scored" ? `${metricOf(cells[0])} ${ratio(one.value)}` : told, ...one.flags].join(", ") + (two ? ` · beside: ${outcome(two)}` : "")));
  button.dataset.key = one.key;
  button.addEventListener("click", () => pick(one.key, true));
  return make("li", {}, button);
}

function textBlock(title, text, kind = "") {
  const block = make("div", { class: `text ${kind}` }, make("h4", {}, title));
  const body = make("pre", { tabindex: "0" });
  if (text === null || text === undefined) body.append(make("span", { class: "quiet" }, "none"));
  else if (text === "") body.append(make("span", { class: "quiet" }, "empty"));
  else if (Array.isArray(text)) {
    show(body, text[0]);
    body.append(make("span", { class: "gone" }, ` … ${text[1].toLocaleString("en")} letters are left out here … `));
    show(body, text[2]);
  } else show(body, text);
  block.append(body);
  return block;
}

// A text that most readers pass over: there when it is opened.
function folded(title, text) {
  const [, body] = textBlock(title, text).children;
  return make("details", { class: "text folded" }, make("summary", {}, title), body);
}

function timeLine(sample) {
  const facts = [
    ["e2e", duration(sample)], ["TTFT", seconds(sample.ttft)], ["TPOT", seconds(sample.tpot)],
    ["thinking", sample.thinking === null ? null : seconds(sample.thinking)],
    ["queue", sample.queue === null ? null : seconds(sample.queue)],
    ["tokens", `${sample.prompt_tokens ?? MISSING} in, ${sample.output_tokens ?? MISSING} out${sample.thought_tokens ? `, ${sample.thought_tokens} of them thoughts` : ""}`],
    ["ended by", sample.finish], ["sent again", sample.retries ? String(sample.retries) : null],
  ].filter(([, value]) => value !== null);
  const list = make("dl", { class: "facts" });
  for (const [name, value] of facts) list.append(make("div", {}, make("dt", {}, name), show(make("dd"), value)));
  return list;
}

function answerPart(sample, cell) {
  const row = ROWS[cell.row];
  const part = make("section", { class: "answer-part" },
    make("h3", {}, mark(row), show(make("span"), row.label)));
  if (!sample) {
    part.append(make("p", { class: "quiet" }, "This model's answer to the sample is not in this page."));
    return part;
  }
  const told = outcome(sample);
  const metric = `${metricOf(cell)} ${ratio(sample.value)}`;
  part.append(make("p", { class: "judged" },
    make("span", { class: "sign", "data-tone": told }, `${SIGNS[told]} ${told}`), " ",
    show(make("span", { class: "quiet" }), [metric, ...sample.flags].join(", "))));
  if (sample.thoughts !== null) part.append(folded("Thoughts", sample.thoughts));
  part.append(textBlock("Answer", sample.answer, "answer-text"), textBlock("Extracted", sample.extracted, "small"));
  if (sample.error !== null) part.append(textBlock("Error", sample.error, "small"));
  if (sample.rendered !== null) part.append(folded("What the model read", sample.rendered));
  if (sample.note !== null) part.append(textBlock("Note of the judge", sample.note, "small"));
  if (sample.votes.length || sample.label !== null) part.append(votePart(sample.votes, sample.label));
  part.append(timeLine(sample));
  if (sample.details.length) {
    part.append(show(make("p", { class: "quiet" }), sample.details.map(([name, value]) => `${name} ${ratio(value)}`).join(", ")));
  }
  return part;
}

// What each judge said, and why; all of it is text of others.
function votePart(votes, label) {
  const list = make("ul", { class: "votes" });
  for (const [judge, score, , counted, problem, why, fit] of votes) {
    const state = [...(counted ? [] : ["does not count: is the candidate or of its family"]),
      ...(fit === false ? ["unfit: never gated"] : fit === null ? ["never tried"] : [])];
    list.append(make("li", {}, show(make("b"), judge), " ",
      make("span", { class: "score" }, score === null ? problem ?? "no score" : String(score)),
      ...(state.length ? [make("span", { class: "quiet" }, ` (${state.join("; ")})`)] : []),
      ...(why === null ? [] : [show(make("p", { class: "why" }), why)])));
  }
  const part = make("div", { class: "text small" }, make("h4", {}, "Votes"), list);
  if (label !== null) part.append(make("p", {}, `People: ${ratio(label)}`));
  return part;
}

function pick(key, focus) {
  chosen = key;
  const found = shownRows.find(({ one }) => one.key === key);
  for (const button of $("s-list").querySelectorAll("button")) {
    button.setAttribute("aria-current", button.dataset.key === key ? "true" : "false");
  }
  const detail = $("s-detail");
  if (!found) {
    detail.replaceChildren(make("p", { class: "quiet" }, "No sample is chosen."));
    return;
  }
  const { one, two, cells } = found;
  const parts = [answerPart(one, cells[0])];
  if (cells[1]) parts.push(answerPart(two, cells[1]));
  detail.replaceChildren(
    show(make("h3", { class: "sample-name" }), one.sample + (one.round ? `, round ${one.round + 1}` : "")),
    textBlock("Prompt", one.prompt, "prompt"), textBlock("Reference", one.reference, "small"),
    make("div", { class: cells[1] ? "beside" : "" }, ...parts));
  if (focus && narrow()) {
    detail.scrollIntoView({ block: "start" });
    detail.focus({ preventScroll: true });
  }
}

function fillList() {
  const list = $("s-list");
  list.replaceChildren(...shownRows.slice(0, visibleCount).map(listItem));
  if (shownRows.length > visibleCount) {
    const more = make("button", { type: "button", class: "more" }, `${shownRows.length - visibleCount} more`);
    more.addEventListener("click", () => {
      const next = visibleCount;
      visibleCount += PAGE;
      fillList();
      list.querySelectorAll("button")[next]?.focus();
    });
    list.append(make("li", {}, more));
  }
}

async function findSamples() {
  asked += 1;
  const turn = asked;
  const task = $("s-task").value;
  const first = cellAt(task, $("s-one").value);
  const second = $("s-two").value === "" ? -1 : cellAt(task, $("s-two").value);
  if (first < 0) return;
  let one; let two;
  try {
    [one, two] = await Promise.all([readCell(first), second < 0 ? [] : readCell(second)]);
  } catch (error) {
    $("s-count").textContent = `The samples cannot be read in this browser: ${error.message}`;
    return;
  }
  // Another choice was made while this one was inflated.
  if (turn !== asked) return;
  const others = new Map(two.map((sample) => [sample.key, sample]));
  const cells = second < 0 ? [CELLS[first]] : [CELLS[first], CELLS[second]];
  const words = $("s-search").value.toLocaleLowerCase();
  const passes = FILTERS[$("s-outcome").value];
  shownRows = one.sort(inOrder($("s-order").value))
    .map((sample) => ({ one: sample, two: others.get(sample.key), cells }))
    .filter((pair) => passes(pair.one, pair.two))
    .filter((pair) => !words || [pair.one.sample, pair.one.prompt, pair.one.reference, pair.one.answer, pair.two?.answer]
      .some((text) => whole(text).toLocaleLowerCase().includes(words)));
  visibleCount = PAGE;
  const { seen, kept } = CELLS[first];
  $("s-count").textContent = `${shownRows.length.toLocaleString("en")} of ${kept.toLocaleString("en")} samples`
    + (kept < seen ? `; ${kept.toLocaleString("en")} of this cell's ${seen.toLocaleString("en")} are in this page` : "");
  fillList();
  pick(shownRows.some(({ one: sample }) => sample.key === chosen) ? chosen : shownRows[0]?.one.key ?? null, false);
  document.documentElement.dataset.samples = String(turn);
}

function fillModels() {
  const task = $("s-task").value;
  const own = CELLS.filter((cell) => cell.task === task).map(({ row }) => [row, ROWS[row].label]);
  options($("s-one"), own, $("s-one").value);
  options($("s-two"), [["", "nobody"], ...own], $("s-two").value);
}

function startSamples() {
  const tasks = unique(CELLS.filter(({ kept }) => kept).map((cell) => cell.task));
  if (!tasks.length) {
    $("filters").hidden = true;
    $("s-count").textContent = "There are no samples in this page.";
    return;
  }
  options($("s-task"), tasks.map((task) => [task, task]));
  fillModels();
  // Where judges have voted, what they disagree on is worth a look first.
  const byDefault = () => { $("s-order").value = CELLS.some((cell) => cell.judged && cell.task === $("s-task").value) ? "apart" : "slow"; };
  byDefault();
  $("s-task").addEventListener("change", () => { fillModels(); byDefault(); findSamples(); });
  for (const id of ["s-one", "s-two", "s-outcome", "s-order"]) $(id).addEventListener("change", findSamples);
  let waiting;
  $("s-search").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(findSamples, 150);
  });
  $("s-list").addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const buttons = [...$("s-list").querySelectorAll("button")];
    const next = buttons[buttons.indexOf(document.activeElement) + step];
    next?.focus();
    if (next?.dataset.key) pick(next.dataset.key, false);
  });
  // What nobody has scrolled to need not be inflated.
  const seen = new IntersectionObserver((entries) => {
    if (entries.some((entry) => entry.isIntersecting)) { seen.disconnect(); findSamples(); }
  }, { rootMargin: "600px" });
  seen.observe($("samples"));
}
