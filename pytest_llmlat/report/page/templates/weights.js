// The balanced score for any weight of quality, as analysis/score.py computes it.
function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function balance(quality, speed, weight) {
  if (VALUES.balance === "arithmetic") return weight * quality + (1 - weight) * speed;
  if (VALUES.balance === "geometric") return quality ** weight * speed ** (1 - weight);
  if (VALUES.balance === "proportional") {
    const product = quality ** weight * speed ** (1 - weight);
    const whole = product + (1 - speed) ** (1 - weight);
    return product / (whole + (whole === 0 ? 1 : 0));
  }
  const mixed = weight * speed + (1 - weight) * quality;
  return (quality * speed) / (mixed + (mixed === 0 ? 1 : 0));
}

function scoreAt(row, weight) {
  const families = Object.values(row.scores);
  if (!families.length) return null;
  return mean(families.map((cells) => mean(cells.map(([q, s]) => balance(q, s, weight)))));
}

// The comparison that the plots and the slider are about: rows that were asked the same.
const chosenComparison = () => Number($("comparison")?.value || 0);
const compared = (row) => row.comparison !== null && row.comparison === chosenComparison();
const comparedRows = () => (VALUES.comparisons[chosenComparison()]?.rows ?? []).map((number) => ROWS[number]);

// Rows that are not above guessing have no place: they are drawn, and not put in order.
const rankedRows = () => (VALUES.comparisons[chosenComparison()]?.ranked ?? []).map((number) => ROWS[number]);

const HALF = 0.5;

function rankingAt(weight) {
  const scored = rankedRows().map((row) => ({ row, score: scoreAt(row, weight) }));
  // At one half the places are the scoreboard's, which were decided with it.
  if (weight === HALF) return scored.map((one) => ({ ...one, place: one.row.place }));
  scored.sort((a, b) => b.score - a.score);
  for (const one of scored) one.place = 1 + scored.filter((other) => other.score > one.score).length;
  return scored;
}

// Weights at which one row overtakes another: the difference of two smooth curves changes
// its sign. Steps of a thousandth, then halved.
function crossings() {
  const rows = rankedRows();
  const weights = Array.from({ length: 1001 }, (_, step) => step / 1000);
  const curves = rows.map((row) => weights.map((weight) => scoreAt(row, weight)));
  const found = [];
  rows.forEach((a, i) => rows.slice(i + 1).forEach((b, j) => {
    const ahead = (weight) => scoreAt(a, weight) - scoreAt(b, weight);
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

function rank(weight) {
  const before = new Map(rankingAt(HALF).map(({ row, place }) => [row, place]));
  const items = rankingAt(weight).map(({ row, score, place }) => {
    const moved = before.get(row) - place;
    const bar = make("progress", { max: "1", value: String(score), "aria-hidden": "true" });
    const item = make("li", {},
      make("span", { class: "place" }, String(place)), mark(row),
      show(make("span", { class: "who" }), row.label),
      make("span", { class: "moved", title: "places against a weight of one half" },
        moved > 0 ? `▲${moved}` : moved < 0 ? `▼${-moved}` : ""),
      make("span", { class: "score" }, ratio(score)), bar);
    item.dataset.score = score;
    return item;
  });
  $("ranking").replaceChildren(...items);
  $("weight-out").textContent = weight.toFixed(2);
}

function sayGuessing() {
  const guessing = comparedRows().length - rankedRows().length;
  return guessing ? ` ${guessing} rows that are not above guessing for certain have no place.` : "";
}

function sayWeights() {
  const mean_ = { geometric: "q^w · s^(1−w)", arithmetic: "w·q + (1−w)·s", harmonic: "1 / (w/q + (1−w)/s)",
    proportional: "x / (1 + x) with x = q^w · (s/(1−s))^(1−w)" };
  const others = ROWS.length - comparedRows().length;
  $("weight-note").textContent = `Score: ${mean_[VALUES.balance]} of each cell, mean over families; at 0.50 it is the balanced score.`
    + (others ? ` ${others} rows that were not compared with these are left out.` : "") + sayGuessing();
  rank(Number($("weight").value));
  sayCrossings();
}

function startWeights() {
  if (!$("weight")) return;
  const slider = $("weight");
  slider.addEventListener("input", () => {
    rank(Number(slider.value));
    drawWeights();
  });
  slider.value = "0.5";
  if ($("comparison")) {
    options($("comparison"), VALUES.comparisons.map(({ name }, number) => [number, name]));
    $("comparison").addEventListener("change", () => {
      sayWeights();
      drawWeights();
      sayFamilies();
      drawPlane();
      drawQuality();
    });
  }
  sayWeights();
}
