// What all parts use. Text from elsewhere enters the document by show() or textContent only.
const $ = (id) => document.getElementById(id);
const VALUES = JSON.parse($("values").textContent);
const ROWS = VALUES.rows;
const CELLS = VALUES.cells;
const FIELD = Object.fromEntries(VALUES.columns.map((name, place) => [name, place]));
const MISSING = "-";

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// Controls, formats (they may turn text round or hide it) and halves of letters.
const ACTING = /(?![\n\t])[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]|(?![\u200c\u200d])\p{Cf}/gu;

function named(letter) {
  const code = letter.codePointAt(0);
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  if (code === 0x7f) return "\u2421";
  return `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
}

function show(element, text) {
  let from = 0;
  for (const match of text.matchAll(ACTING)) {
    element.append(text.slice(from, match.index));
    element.append(make("span", { class: "ctl" }, named(match[0])));
    from = match.index + match[0].length;
  }
  element.append(text.slice(from));
  return element;
}

// The plotting library reads a little HTML in its labels: none of it may be ours to give.
function label(text, most = 40) {
  const plain = text.replace(/[\n\t]/g, " ").replace(ACTING, named);
  const letters = [...plain];
  const cut = letters.length <= most ? plain
    : `${letters.slice(0, Math.ceil(most * 0.6)).join("")}…${letters.slice(-Math.floor(most * 0.35)).join("")}`;
  return cut.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/\$/g, "&#36;");
}

async function inflate(id) {
  const element = $(id);
  if (!element) return null;
  const letters = atob(element.textContent);
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i += 1) bytes[i] = letters.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}

const digits = (value) => (value < 9.995 ? value.toFixed(2) : value < 99.95 ? value.toFixed(1) : value.toFixed(0));

function seconds(value) {
  if (value === null || value === undefined) return MISSING;
  if (Math.round(value * 1e6) < 1000) return `${digits(value * 1e6)} µs`;
  if (Math.round(value * 1e3) < 1000) return `${digits(value * 1e3)} ms`;
  return `${digits(value)} s`;
}

// An amount of what answers cost, with its unit.
const amount = (value) => `${Number(value.toPrecision(3))} ${VALUES.cost_unit}`;

const ratio = (value) => (value === null || value === undefined ? MISSING : value.toFixed(3));

function bounds([value, low, high]) {
  if (value === null) return MISSING;
  return low === null || high === null ? `${ratio(value)} [no interval]`
    : `${ratio(value)} [${low.toFixed(2)}, ${high.toFixed(2)}]`;
}

const unique = (values) => [...new Set(values)];

function options(select, pairs, chosen) {
  select.replaceChildren(...pairs.map(([value, text]) => {
    const option = make("option", { value });
    option.textContent = text.replace(/[\n\t]/g, " ").replace(ACTING, named);
    return option;
  }));
  if (chosen !== undefined && pairs.some(([value]) => String(value) === String(chosen))) select.value = chosen;
}

// The sign of a row: its colour and shape, as the scoreboard has it.
function mark(row) {
  const drawn = document.querySelector(`#board .mark[data-row="${ROWS.indexOf(row)}"]`);
  return drawn ? drawn.cloneNode(true) : "";
}
