// The balanced score for any weights of its axes, as analysis/score.py computes it.
function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

const AXES = ["quality", "speed", "cost"];
// The shares of the axes that the scores of this run were made with; their sum is 1.
const ASKED = Object.fromEntries(AXES.map((axis) => [axis, VALUES.weights[axis] ?? 0]));
let shares = { ...ASKED };

const product = (values) => values.reduce((all, value) => all * value, 1);

// The mean of the scores of all axes that count, as analysis/score_axes.py makes it.
function balance(scores, weights) {
  const parts = AXES.map((axis, place) => ({ axis, score: scores[place], share: weights[axis] })).filter(({ share }) => share > 0);
  if (VALUES.balance === "arithmetic") return parts.reduce((sum, { score, share }) => sum + share * score, 0);
  if (VALUES.balance === "harmonic") {
    const mixed = parts.reduce((sum, { share }, here) => sum + share * product(parts.filter((_, there) => there !== here).map(({ score }) => score)), 0);
    return product(parts.map(({ score }) => score)) / (mixed + (mixed === 0 ? 1 : 0));
  }
  const whole = product(parts.map(({ score, share }) => score ** share));
  if (VALUES.balance === "geometric") return whole;
  const left = product(parts.filter(({ axis }) => axis !== "quality").map(({ score, share }) => (1 - score) ** share));
  return whole / (whole + left + (whole + left === 0 ? 1 : 0));
}

const asAsked = (weights) => AXES.every((axis) => weights[axis] === ASKED[axis]);
const scoresOf = ([quality, speed, , cost]) => [quality, speed, cost];

// The shares with another one of an axis: the others keep what they are to each other.
function withShare(weights, axis, share) {
  const others = AXES.filter((other) => other !== axis && (other !== "cost" || costKnown()));
  const rest = others.reduce((sum, other) => sum + weights[other], 0);
  const part = (other) => (rest > 0 ? weights[other] / rest : 1 / others.length);
  return { quality: 0, speed: 0, cost: 0, [axis]: share, ...Object.fromEntries(others.map((other) => [other, (1 - share) * part(other)])) };
}

function scoreAt(row, weights) {
  const families = Object.values(row.scores);
  if (!families.length) return null;
  return mean(families.map((cells) => mean(cells.map((cell) => balance(scoresOf(cell), weights)))));
}

// The comparison that the plots and the slider are about: rows that were asked the same.
const chosenComparison = () => Number($("comparison")?.value || 0);
const compared = (row) => row.comparison !== null && row.comparison === chosenComparison();
const comparedRows = () => (VALUES.comparisons[chosenComparison()]?.rows ?? []).map((number) => ROWS[number]);

// Rows that are not above guessing have no place: they are drawn, and not put in order.
const rankedRows = () => (VALUES.comparisons[chosenComparison()]?.ranked ?? []).map((number) => ROWS[number]);

// Cost can be weighed where it is known of every cell that is ranked.
const costKnown = () => rankedRows().length > 0
  && rankedRows().every((row) => Object.values(row.scores).every((cells) => cells.every(([, , , cost]) => cost !== null)));

function rankingAt(weights) {
  const scored = rankedRows().map((row) => ({ row, score: scoreAt(row, weights) }));
  // At the weights of the run the places are the scoreboard's, which were decided with it.
  if (asAsked(weights)) return scored.map((one) => ({ ...one, place: one.row.place }));
  scored.sort((a, b) => b.score - a.score);
  for (const one of scored) one.place = 1 + scored.filter((other) => other.score > one.score).length;
  return scored;
}

// Weights at which one row overtakes another: the difference of two smooth curves changes
// its sign. Steps of a thousandth, then halved.
function crossings() {
  const rows = rankedRows();
  const at_ = (row, weight) => scoreAt(row, withShare(shares, "quality", weight));
  const weights = Array.from({ length: 1001 }, (_, step) => step / 1000);
  const curves = rows.map((row) => weights.map((weight) => at_(row, weight)));
  const found = [];
  rows.forEach((a, i) => rows.slice(i + 1).forEach((b, j) => {
    const ahead = (weight) => at_(a, weight) - at_(b, weight);
    let [at, sign] = [0, 0];
    for (const [step, weight] of weights.entries()) {
      const apart = curves[i][step] - curves[i + 1 + j][step];
      const now = Math.abs(apart) < 1e-12 ? 0 : Math.sign(apart);
      if (now && sign && now !== sign) {
        let [low, high] = [at, weight];
        for (let halving = 0; halving < 40; halving += 1) {
          const middle = (low + high) / 2;
          if (Math.sign(ahead(middle)) === sign) low = middle; else high = middle;
        }
        found.push({ weight: high, winner: now > 0 ? a : b, loser: now > 0 ? b : a });
      }
      if (now) [at, sign] = [weight, now];
    }
  }));
  return found.sort((x, y) => x.weight - y.weight);
}

const SHOWN_CROSSINGS = 30;

function sayCrossings() {
  const list = $("crossings");
  const found = crossings();
  const few = found.slice(0, SHOWN_CROSSINGS).map(({ weight, winner, loser }) => make("li", {},
    make("strong", {}, weight < 0.005 ? "above 0" : `from ${weight.toFixed(2)}`), " ", mark(winner), show(make("span"), winner.label),
    " is ahead of ", mark(loser), show(make("span"), loser.label)));
  if (found.length > few.length) few.push(make("li", {}, `and ${found.length - few.length} more changes`));
  if (!few.length) {
    const told = rankedRows().length > 1
      ? "Nowhere: one order holds for every weight from 0 to 1." : "There are no two rows to put in order.";
    few.push(make("li", {}, told));
  }
  list.replaceChildren(...few);
}

const KNOBS = { quality: "weight", speed: "weight-speed", cost: "weight-cost" };

function rank() {
  const before = new Map(rankingAt(ASKED).map(({ row, place }) => [row, place]));
  const items = rankingAt(shares).map(({ row, score, place }) => {
    const moved = before.get(row) - place;
    const bar = make("progress", { max: "1", value: String(score), "aria-hidden": "true" });
    const item = make("li", {},
      make("span", { class: "place" }, String(place)), mark(row),
      show(make("span", { class: "who" }), row.label),
      make("span", { class: "moved", title: "places against the weights of this run" },
        moved > 0 ? `▲${moved}` : moved < 0 ? `▼${-moved}` : ""),
      make("span", { class: "score" }, ratio(score)), bar);
    item.dataset.score = score;
    return item;
  });
  $("ranking").replaceChildren(...items);
  for (const axis of AXES) {
    $(KNOBS[axis]).value = String(shares[axis]);
    $(`${KNOBS[axis]}-out`).textContent = shares[axis].toFixed(2);
  }
}

function sayGuessing() {
  const guessing = comparedRows().length - rankedRows().length;
  return guessing ? ` ${guessing} rows that are not above guessing for certain have no place.` : "";
}

function sayWeights() {
  const two = { geometric: "q^w · s^(1−w)", arithmetic: "w·q + (1−w)·s", harmonic: "1 / (w/q + (1−w)/s)",
    proportional: "x / (1 + x) with x = q^w · (s/(1−s))^(1−w)" };
  const three = { geometric: "q^w · s^v · c^u", arithmetic: "w·q + v·s + u·c", harmonic: "1 / (w/q + v/s + u/c)",
    proportional: "x / (1 + x) with x = q^w · (s/(1−s))^v · (c/(1−c))^u" };
  const known = costKnown();
  for (const element of document.querySelectorAll(".of-cost")) element.hidden = !known;
  const others = ROWS.length - comparedRows().length;
  const at = AXES.filter((axis) => ASKED[axis] > 0).map((axis) => `${axis} ${ASKED[axis].toFixed(2)}`).join(", ");
  $("weight-note").textContent = (known
    ? `Score: ${three[VALUES.balance]} of each cell, mean over families, with w + v + u = 1; at ${at} it is the balanced score.`
      + ` Cost is ${VALUES.cost_unit === "J" ? "measured joules, gross" : `money (${VALUES.cost_unit})`}, half of the cost score at a task's cost budget.`
    : `Score: ${two[VALUES.balance]} of each cell, mean over families; at ${ASKED.quality.toFixed(2)} it is the balanced score.`)
    + (others ? ` ${others} rows that were not compared with these are left out.` : "") + sayGuessing();
  rank();
  sayCrossings();
}

function startWeights() {
  if (!$("weight")) return;
  for (const axis of AXES) {
    $(KNOBS[axis]).addEventListener("input", () => {
      shares = withShare(shares, axis, Number($(KNOBS[axis]).value));
      rank();
      if (axis !== "quality") sayCrossings();
      drawWeights();
    });
  }
  if ($("comparison")) {
    options($("comparison"), VALUES.comparisons.map(({ name }, number) => [number, name]));
    $("comparison").addEventListener("change", () => {
      shares = { ...ASKED };
      sayWeights();
      drawWeights();
      sayFamilies();
      drawPlane();
      drawQuality();
    });
  }
  sayWeights();
}
