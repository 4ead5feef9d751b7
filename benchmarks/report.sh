#!/usr/bin/env bash
# Measures what a report needs, on models that need no hub, and writes its page.
#
#   benchmarks/report.sh FOLDER            # every step, one after the other
#   benchmarks/report.sh FOLDER STEP ...   # these steps alone
#
# A step that has been done is left alone; one that was cut off goes on. Nothing else
# should run beside it: it takes about an hour on two cores. Needs the extras demo, gemma,
# transformers, server and tune; the step "slower" also torchao (quantization).
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(realpath -m "$1")
shift
samples=${SAMPLES:-12}
all=(small torch slower lora drafts load engine gate tuned routed page)
mkdir -p "$out"
cp benchmarks/report.toml "$out/models.toml"

# Runs pytest into a folder of that name; a failed limit or gate is a finding, no end.
measure() {
  local name=$1 runs="$out/runs/$1"
  shift
  if compgen -G "$runs/*/summary.json" > /dev/null; then
    echo "== $name: done before"
    return
  fi
  local again=()
  if compgen -G "$runs/*/records.jsonl" > /dev/null; then
    again=(--llm-resume=last)
  fi
  echo "== $name"
  pytest -q benchmarks --llm-models "$out/models.toml" --llm-runs "$runs" \
    "${again[@]}" "$@" > "$out/$name.txt" 2>&1 || [ $? -le 1 ]
  tail -n 3 "$out/$name.txt"
}

each=(--llm-samples "$samples")
feelings=(--llm-task sentiment/polarity --llm-samples 48)

small() { # two models of about the same size, one of them a base model
  measure small "${each[@]}" --llm smollm2-135m --llm gemma3-270m
}
torch() { # the same weights through another library, and in eight bits
  measure torch "${each[@]}" --llm smollm2-135m-hf --llm smollm2-135m-hf-int8
}
slower() { # two more ways, which a processor is slow at
  measure slower "${each[@]}" --llm bf16 --llm smollm2-135m-hf-torchao
}
lora() { # what an adapter of two minutes does to one task
  [ -d "$out/adapter" ] || python fixtures/train_adapter.py --out "$out/adapter"
  measure lora "${feelings[@]}" --llm smollm2-135m-hf --llm lora --llm lora-merged
}
drafts() { # prompt-lookup decoding beside none, in turn
  measure drafts --llm lookup --llm-against smollm2-135m --llm-samples 8 \
    --llm-task summarization/articles --llm-task code_debugging/bugs
}
load() { # a server that is started, measured under more and more load, and stopped
  measure load --llm-task sentiment/emotion --llm llama-server \
    --llm-scenario concurrent:1,2,4 --llm-requests 48 --llm-slo "ttft<1s e2e<3s"
}
engine() { # the same server alone, beside the library that it is made of
  measure engine --llm-task sentiment/emotion --llm-samples 24 --llm llama-server --llm smollm2-135m
}
gate() { # one change, half the threads, gated in turn
  measure gate --llm one-thread --llm-against smollm2-135m --llm-samples 12 \
    --llm-task sentiment/polarity --llm-task summarization/articles
}
tuned() { # which setting is best here
  measure tuned --llm smollm2-135m --llm-task summarization/articles \
    --llm-tune "threads=1,2 flash_attention=false,true batch=64,512 draft=none,prompt-lookup" \
    --llm-tune-for "fastest quality=0.02" --llm-tune-budget "minutes=4"
}
routed() { # what a cascade of the two small models would do, from their answers
  llmlat route "$out"/runs/small/* > "$out/routed.txt" 2>&1 || true
  tail -n 3 "$out/routed.txt"
}
page() { # one page of the models that answered everything
  local runs=("$out"/runs/small/* "$out"/runs/torch/*)
  [ ! -d "$out/runs/slower" ] || runs+=("$out"/runs/slower/*)
  llmlat report "${runs[@]}" --out "$out/page"
}

[ $# -gt 0 ] || set -- "${all[@]}"
for step in "$@"; do
  case " ${all[*]} " in
    *" $step "*) "$step" ;;
    *)
      echo "report.sh: unknown step '$step'; known: ${all[*]}" >&2
      exit 2
      ;;
  esac
done
