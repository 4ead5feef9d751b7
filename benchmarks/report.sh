#!/usr/bin/env bash
# Measures what a report needs, on models that need no hub, and writes its page and tables.
#
#   benchmarks/report.sh FOLDER            # every step, what readers need most first
#   benchmarks/report.sh FOLDER STEP ...   # these steps alone
#   benchmarks/report.sh --steps           # say which there are, and what each needs
#
#   SAMPLES=24         samples of each task (the sets have 42 to 72; "all" takes all)
#   TASKS=             tasks of the steps that ask all; "sentiment reasoning/logic" to try the script
#   MINUTES=180        no step begins, and none goes on, after this time
#   STEP_MINUTES=40    no step takes longer
#   ENERGY=            what --llm-energy gets, such as tdp=65: an estimate where there is no counter
#
# A step that has been done is left alone. One that was cut off, by Ctrl-C or by its time,
# goes on where it was when it is called again. Nothing else should run beside it.
set -euo pipefail
cd "$(dirname "$0")/.."
steps=(
  "small: two models of about the same size, one also without its chat template (demo, gemma)"
  "gate: one change, half of the threads, gated in turn (demo)"
  "load: a server under more and more load (demo, server)"
  "lora: what an adapter does to one task (demo, transformers)"
  "torch: the same weights through transformers, and in eight bits (demo, transformers)"
  "cascade: the cascade that llmlat route finds, or a plain one (demo, gemma)"
  "engines: two servers, each beside the library that it is made of (demo, server, transformers[serving])"
  "tuned: which setting is best here (demo, tune)"
  "drafts: prompt-lookup decoding beside none, in turn (demo)"
  "mlx: the same weights through MLX (demo, transformers, mlx)"
  "slower: bfloat16 and torchao, which a processor is slow at (demo, transformers, quantization)"
  "page: one page of the models that answered all tasks"
  "tables: the tables of the article, from the runs"
)
if [ "${1:-}" = --steps ]; then
  printf '%s\n' "${steps[@]}"
  exit 0
fi
out=$(realpath -m "$1")
shift
samples=${SAMPLES:-24}
total=$((${MINUTES:-180} * 60))
longest=$((${STEP_MINUTES:-40} * 60))
mkdir -p "$out/done"
cp benchmarks/report.toml "$out/models.toml"
trap 'echo "report.sh: interrupted; call it again to go on" >&2; exit 130' INT

# Runs a command for the time that is left; 124 says that it was not enough.
bounded() {
  local most=$((total - SECONDS))
  ((most < longest)) || most=$longest
  ((most > 0)) || return 124
  # SIGTERM ends a run as Ctrl-C does; what was started behind "&" does not hear SIGINT.
  timeout --kill-after=60 "$most" "$@"
}

# Runs pytest into a folder of that name; a failed limit or gate is a finding, no end.
measure() {
  local name=$1 runs="$out/runs/$1" began=$SECONDS status=0 again=()
  shift
  if [ -e "$out/done/$name" ]; then
    echo "== $name: done before"
    return
  fi
  if compgen -G "$runs/*/records.jsonl" > /dev/null; then
    again=(--llm-resume=last)
    [ "$name" != tuned ] || again=("--llm-tune-resume=$(ls -d "$runs"/* | tail -n 1)")
  fi
  echo "== $name"
  bounded pytest -q benchmarks --llm-models "$out/models.toml" --llm-runs "$runs" \
    ${ENERGY:+--llm-energy "$ENERGY"} "${again[@]}" "$@" > "$out/$name.txt" 2>&1 || status=$?
  case $status in
    0 | 1) touch "$out/done/$name" ;;
    124 | 137) echo "   its time was up: call again to go on" ;;
    *) echo "   pytest ended with $status; $out/$name.txt says why" ;;
  esac
  tail -n 3 "$out/$name.txt" 2> /dev/null || true
  echo "   $name took $((SECONDS - began)) s"
}

# Makes a folder of safetensors of the embedded model, for what reads no GGUF file.
weights() {
  [ -e "$out/weights" ] || ln -s "$(python - << 'PYTHON'
from pytest_llmlat.backends.conversion import converted
from pytest_llmlat.backends.model_catalogue import load_models
from pytest_llmlat.backends.weights import local_file

print(converted(local_file(load_models().find("smollm2-135m", where="report.sh"))))
PYTHON
  )" "$out/weights"
}

each=(--llm-samples "$samples")
some=("${each[@]}")
for task in ${TASKS:-}; do
  some+=(--llm-task "$task")
done
emotions=(--llm-task sentiment/emotion --llm-samples "$samples")

small() {
  measure small "${some[@]}" --llm smollm2-135m --llm gemma3-270m --llm smollm2-135m-plain
}
gate() {
  measure gate --llm one-thread --llm-against smollm2-135m "${each[@]}" \
    --llm-task sentiment/polarity --llm-task summarization/articles
}
load() {
  measure load --llm-task sentiment/emotion --llm llama-server --llm-requests $((samples * 4)) \
    --llm-scenario concurrent:1,2,4 --llm-slo "ttft<1s e2e<3s"
}
lora() {
  [ -d "$out/adapter" ] || bounded llmlat train-adapter sentiment/polarity --out "$out/adapter"
  measure lora --llm-task sentiment/polarity --llm-samples all \
    --llm smollm2-135m-hf --llm lora --llm lora-merged
}
torch() {
  measure torch "${some[@]}" --llm smollm2-135m-hf --llm smollm2-135m-hf-int8
}
cascade() {
  local found=cascade
  llmlat route "$out"/runs/small/* --model smollm2-135m-plain --model gemma3-270m \
    > "$out/routes.txt" 2>&1 || true
  tail -n 3 "$out/routes.txt"
  llmlat route "$out"/runs/small/* --model smollm2-135m-plain --model gemma3-270m --toml \
    > "$out/routes.toml" 2> /dev/null || true
  if grep -q '^\[models' "$out/routes.toml"; then
    found=$(sed -n 's/^\[models\."\{0,1\}\([^]"]*\)"\{0,1\}\].*/\1/p' "$out/routes.toml" | head -n 1)
    cat "$out/routes.toml" >> "$out/models.toml"
  fi
  echo "   cascade that is run: $found"
  measure cascade "${some[@]}" --llm "$found"
}
engines() {
  weights
  measure engines "${emotions[@]}" --llm llama-server --llm smollm2-135m \
    --llm transformers-server --llm smollm2-135m-hf
}
tuned() {
  measure tuned --llm smollm2-135m --llm-task sentiment/polarity --llm-samples all \
    --llm-tune "threads=1,2 flash_attention=false,true batch=64,512 draft=none,prompt-lookup" \
    --llm-tune-for "fastest quality=0.02" --llm-tune-budget "minutes=${TUNE_MINUTES:-12}"
}
drafts() {
  measure drafts --llm lookup --llm-against smollm2-135m "${each[@]}" \
    --llm-task summarization/articles --llm-task code_debugging/bugs
}
mlx() {
  weights
  measure mlx "${some[@]}" --llm mlx
}
slower() {
  measure slower "${some[@]}" --llm bf16 --llm smollm2-135m-hf-torchao
}
page() {
  local runs=() name
  for name in small torch cascade mlx slower; do
    [ ! -e "$out/done/$name" ] || runs+=("$out/runs/$name"/*)
  done
  if [ ${#runs[@]} = 0 ]; then
    echo "== page: no step has been done that it shows (small, torch, cascade, mlx, slower)"
  else
    echo "== page"
    llmlat report "${runs[@]}" --out "$out/page"
  fi
}
tables() {
  echo "== tables"
  python tests/report_tables.py "$out" > "$out/tables.md"
  echo "   $out/tables.md"
}

all=("${steps[@]%%:*}")
[ $# -gt 0 ] || set -- "${all[@]}"
for step in "$@"; do
  case " ${all[*]} " in
    *" $step "*) ;;
    *)
      echo "report.sh: unknown step '$step'; known: ${all[*]}" >&2
      exit 2
      ;;
  esac
done
for step in "$@"; do
  "$step" || echo "   $step ended with $?"
done
echo "report.sh: $SECONDS s in all"
