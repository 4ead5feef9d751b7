"""Misuses: what is typed or written wrongly, and what is said of it beforehand.

What should be said of each was written down before it was tried.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Misuse:
    """A misuse of the project of ``conftest.py``."""

    told: str
    """Pattern of what is said."""
    args: tuple[str, ...] = ("--llm=parrot", "-k", "sentiment")
    models: str = ""
    """Further entries of models."""
    tasks: str = ""
    marker: str = ""
    """Arguments of the marker of a further test."""
    files: dict[str, str] = field(default_factory=dict)
    """Files, whole."""
    instead: tuple[str, str, str] | None = None
    """A file, a part of it, and what stands there instead."""


def typed(told: str, *args: str) -> Misuse:
    """Return a misuse of options, beside a model that is right."""
    return Misuse(told=told, args=("--llm=parrot", "-k", "sentiment", *args))


def entry(told: str, text: str) -> Misuse:
    """Return a misuse in an entry of a model that is chosen behind another."""
    args = ("--llm=parrot", "--llm=bad", "-k", "sentiment")
    return Misuse(told=told, args=args, models=f"\n[models.bad]\n{text}\n")


def marked(told: str, arguments: str, *args: str) -> Misuse:
    """Return a misuse in the marker of a test behind another."""
    return Misuse(told=told, args=("--llm=parrot", *args), marker=arguments)


def own_task(told: str, text: str, *args: str, **files: str) -> Misuse:
    """Return a misuse in the entry of a task; ``rows`` are those of its file."""
    return Misuse(
        told=told,
        args=("--llm=parrot", *args),
        tasks=f'\n[tasks."sentiment/own"]\n{text}\n',
        marker='"sentiment/own"',
        files={"own.jsonl": files["rows"]} if files else {},
    )


TINY = 'extends = "sentiment/tiny"\n'
JUDGED = (
    f'{TINY}metric = "judge"\nextractor = "verbatim"\nlabels = []\nchance = 0.0\n'
    "options = { %s }"
)
RUBRIC = JUDGED % 'rubric = "summary-faithfulness"'
CODE = 'extends = "code_completion/functions"\nsource = "own.jsonl"'
HTTP = 'backend = "http"\nurl = "http://127.0.0.1:9/v1"\nweights = "x"\n'
ENGINE = 'backend = "engine"\nweights = "a/b"\ndevices = ["cpu"]\n'
SCRIPTED = 'backend = "scripted"\ndevices = ["cpu"]\n'
LOAD = "--llm-scenario=concurrent:2"


def rows(*texts: str, label: str = "positive") -> str:
    """Return rows with one label."""
    found = [
        {"id": f"t{n}", "text": text, "label": label} for n, text in enumerate(texts)
    ]
    return "".join(f"{json.dumps(row)}\n" for row in found)


def program(solution: str) -> str:
    """Return a row with a program and a solution of its own."""
    prompt = 'def f(x):\n    """Return x."""\n'
    row = {"id": "a", "prompt": prompt, "solution": f"    return {solution}\n"}
    return json.dumps({**row, "tests": "assert f(1) == 1\n", "entry_point": "f"}) + "\n"


_OPTIONS = {
    "vary: a typo": typed("unknown option 'ttft'", "--llm-vary=ttft=1,2"),
    "vary: no value": typed("empty value|is no setting", "--llm-vary=ttft_s="),
    "vary: a wrong kind": typed("--llm-vary: .*ttft_s", "--llm-vary=ttft_s=fast,slow"),
    "report: /proc": typed(
        "--llm-report: /proc/x is no folder", "--llm-report=/proc/x"
    ),
    "report: a file": typed(
        "--llm-report: .*models.toml is no folder", "--llm-report=models.toml"
    ),
    "runs: /proc": typed("/proc/x: cannot be written", "--llm-runs=/proc/x"),
    "benchmark: /proc": typed(
        "--llm-pytest-benchmark: .* cannot be written",
        "--llm-pytest-benchmark=/proc/x.json",
    ),
    "stored over another file": typed(
        "is no baseline and is not written over", "--llm-save-baseline=models.toml"
    ),
    "baseline: none": typed("none.json", "--llm-baseline=none.json"),
    "slo: no time": typed("--llm-slo: .*fast", "--llm-slo=ttft<fast"),
    "slo: no figure": typed("--llm-slo: .*tttft", "--llm-slo=tttft<1s"),
    "limit: no sign": typed("'quality>0.5' is not und", "--llm-limit=quality>0.5"),
    "limit: no figure": typed("'qualty>=0.5' is not und", "--llm-limit=qualty>=0.5"),
    "limit: too much": typed("is more than there is", "--llm-limit=quality>=1.5"),
    "tolerance: no share": typed("write a share", "--llm-tolerance=e2e=lots"),
    "answered: no share": typed("--llm-answered: '90'", "--llm-answered=90"),
    "judge: nobody": typed("unknown model 'nobody'", "--llm-judge=nobody"),
    "judge: twice": typed("named twice", "--llm-judge=owl", "--llm-judge=owl"),
    "m: no device": typed("there is no device 'cudaa'", "-m", "cudaa"),
    "m: none of its": typed("no chosen model runs on 'hf'", "-m", "hf"),
    "against: a load": typed("--llm-against: concurrent:2", "--llm-against=owl", LOAD),
    "against: not here": typed(
        "--llm-against=llama: ", "--llm-against=llama", "-m", "cpu"
    ),
    "prompt: none": typed("unknown prompt 'none.txt'", "--llm-prompt=own,none.txt"),
    "yardstick: not there": typed(
        "does not run on cpu", "--llm-yardstick=llama", "-m", "cpu"
    ),
    "shots: none shown": typed("shows no examples", "--llm-shots=2"),
    "balance: no cost budget": typed(
        "nobody says how much", "--llm-balance=quality=1 speed=1 cost=1"
    ),
    "tune: no option": typed("thread", "--llm-tune=thread=1,2"),
    "tune: no other setting": typed("in that setting", "--llm-tune=answer=positive"),
    "tune: too few samples": typed("are too few to tune on", "--llm-tune=ttft_s=0.001"),
    "resume: none": typed("--llm-resume", "--llm-resume=none"),
    "reuse: none": typed("--llm-reuse", "--llm-reuse=none"),
    "changed: since when": typed("since when", "--llm-changed"),
    "power: no baseline": typed("takes the spread from", "--llm-power"),
    "gate from: none": typed("--llm-gate-from", "--llm-gate-from=none"),
    "data: no folder": typed("there is no folder", "--llm-data=none"),
    "latency budget: no task": typed("sentimnt", "--llm-latency-budget=sentimnt=2s"),
    "cost budget: no unit": typed("--llm-cost-budget", "--llm-cost-budget=sentiment=1"),
    "hub: no token": Misuse(
        told="no Hugging Face token",
        args=("--llm=parrot", "--llm=hub:a/b", "-k", "sentiment", "-m", "cpu or hf"),
    ),
}
_ENTRIES = {
    "engine: a typo": entry("unknown engine 'vlm'", f'{ENGINE}engine = "vlm"'),
    "engine: no port": entry("port", f'{ENGINE}command = "serve"'),
    "engine: an option of none": entry(
        "unknown option 'tensor_paralel'",
        f'{ENGINE}engine = "vllm"\noptions = {{ tensor_paralel = 2 }}',
    ),
    "http: no key": entry(
        "NO_SUCH_KEY, which is not", f'{HTTP}api_key_env = "NO_SUCH_KEY"'
    ),
    "http: no value of a header": entry(
        "NO_SUCH_KEY, which is not", f'{HTTP}headers = {{ x-y = "${{NO_SUCH_KEY}}" }}'
    ),
    "http: a header of ours": entry(
        "is set for each request", f'{HTTP}headers = {{ content-length = "5" }}'
    ),
    "http: no address": entry("model 'bad'", HTTP.replace("127.0.0.1:9", "host:port")),
    "gguf: no file": entry(
        "no weights file",
        'backend = "gguf"\nweights = "./none.gguf"\ndevices = ["cpu"]',
    ),
    "a temperature": entry(
        "temperature", f"{SCRIPTED}options = {{ temperature = -1 }}"
    ),
    "a price of no table": entry("price", f'{SCRIPTED}price = {{ lookup = "no/no" }}'),
    "cascade: no step": entry(
        "unknown model 'nobody'",
        'backend = "cascade"\nsteps = ["parrot", "nobody"]\ngo_on = ["margin < 0.3"]',
    ),
    "judge: no script": Misuse(
        told="script .*none.json cannot be read",
        args=("--llm=parrot", "-k", "sentiment", "--llm-judge=bad"),
        models=f'\n[models.bad]\n{SCRIPTED}options = {{ script = "./none.json" }}\n',
    ),
    "clients: a budget": Misuse(
        told="leave it or --llm-spend out",
        args=(
            *("--llm=parrot", "--llm=bad", "-k", "sentiment", LOAD),
            *("--llm-clients=2", "--llm-spend=minutes=5"),
        ),
        models=f"\n[models.bad]\n{HTTP}",
    ),
}
_TASKS = {
    "judge: not here": own_task(
        "judge 'llama' runs on a6000, mps", RUBRIC, "--llm-judge=llama"
    ),
    "judge: of the task, nobody": own_task(
        "unknown model 'nobody'",
        JUDGED % 'rubric = "summary-faithfulness", judges = "nobody"',
    ),
    "judge: no such rubric": own_task("rubric 'none'", JUDGED % 'rubric = "none"'),
    "judge: no rubric": own_task("needs a rubric", JUDGED % 'panel = "mean"'),
    "judge: until decided": own_task(
        *("needs grades before", RUBRIC, "--llm-judge=owl", "--llm-against=owl"),
        *("--llm-until-decided", "-k", "new"),
    ),
    "judge: a load search": own_task(
        *("needs grades before", RUBRIC, "--llm-judge=owl", "--llm-slo=e2e<1s"),
        *("--llm-scenario=concurrent:search", "-k", "new"),
    ),
    "judge: tuned": own_task(
        *("needs grades before", RUBRIC, "--llm-judge=owl", "-k", "new"),
        "--llm-tune=ttft_s=0.001,0.002",
    ),
    "shots: too few rows": own_task("shots = 50, but only", f"{TINY}shots = 50"),
    "shots: no file": own_task(
        "none.jsonl", f'{TINY}shots = 2\nshots_file = "none.jsonl"'
    ),
    "where nothing is left": own_task(
        "has no samples", f"{TINY}where = \"text == 'x'\""
    ),
    "an option of none": own_task(
        "unknown option 'ignore_cas'", f"{TINY}options = {{ ignore_cas = true }}"
    ),
    "a solution that fails": own_task(
        "own solutions do not pass", CODE, rows=program("x + 1")
    ),
    "sandbox: not here": own_task(
        "--llm-sandbox=docker", CODE, "--llm-sandbox=docker", rows=program("x")
    ),
    "ranked: one option": own_task(
        "needs two options",
        'source = "own.jsonl"\nreference = "label"\nmetric = "accuracy"\nbudget_s = 1\n'
        'completion_prompt = "{{ text }} is"\nranked = true\nlabels = ["positive"]\n'
        "chance = 0.0",
        rows=rows("good", "fine"),
    ),
}
_MARKERS = {
    "marker: a limit": marked("is not understood", '"sentiment", quality="0.6"'),
    "marker: samples": marked("must be a whole number", '"sentiment", samples=0'),
    "marker: scenario": marked("concurent", '"sentiment", scenario="concurent:2"'),
    "marker: task": marked("unknown task 'sentimnt'", '"sentimnt"'),
    "marker: temperature": marked("temperature must", '"sentiment", temperature=-1'),
    "marker: variant": marked("variant 'a b'", '"sentiment", variant="a b"'),
    "marker: an argument": marked("argument 'sample'", '"sentiment", sample=3'),
    "marker: shots": marked("shows no examples", '"sentiment/tiny", shots=2'),
    "marker: a load beside another": marked(
        "--llm-against: offline",
        '"sentiment/tiny", scenario="offline"',
        "--llm-against=owl",
    ),
    "two tests of one cell": marked("sentiment/tiny.parrot", '"sentiment/tiny"'),
}
_DATA = {
    "prompt: broken": Misuse(
        told="broken.txt: template",
        args=("--llm=parrot", "-k", "sentiment", "--llm-prompt=own,broken.txt"),
        files={"broken.txt": "{{ text"},
    ),
    "prompt: a column of none": Misuse(
        told="'nosuch' is undefined",
        args=("--llm=parrot", "-k", "sentiment", "--llm-prompt=own,column.txt"),
        files={"column.txt": "{{ nosuch }}?"},
    ),
    "prompt: a load": Misuse(
        told="--llm-prompt: concurrent:2",
        args=("--llm=parrot", "-k", "sentiment", "--llm-prompt=own,new.txt", LOAD),
        files={"new.txt": "{{ text }}?"},
    ),
    "no file": Misuse(
        told="none.jsonl: data of task 'sentiment/tiny' cannot be read",
        instead=("tasks.toml", "tiny.jsonl", "none.jsonl"),
    ),
    "a broken line": Misuse(
        told="tiny.jsonl:3", instead=("tiny.jsonl", '{"id": "t3"', '{"id" "t3"')
    ),
    "no rows": Misuse(told="has no samples", files={"tiny.jsonl": "\n"}),
    "no label of its": Misuse(
        told="tiny.jsonl:.*'postive'",
        instead=("tiny.jsonl", '"label": "positive"', '"label": "postive"'),
    ),
    "an id twice": Misuse(
        told="id 't1' was used", instead=("tiny.jsonl", '"t2"', '"t1"')
    ),
    "a column of none": Misuse(
        told="'txt' is undefined",
        instead=("tasks.toml", "negative? {{ text }}", "negative? {{ txt }}"),
    ),
    "an empty prompt": Misuse(
        told="its prompt is empty",
        files={"tiny.jsonl": rows("good", " ", label="positive")},
        instead=("tasks.toml", '"{{ text }} is"', '"{{ text }}"'),
    ),
    "no metric": Misuse(
        told="accurracy",
        instead=("tasks.toml", 'metric = "accuracy"', 'metric = "accurracy"'),
    ),
    "an answer that is always right": Misuse(
        told="the same answer is right for every sample",
        files={"tiny.jsonl": rows("good", "fine")},
        instead=("tasks.toml", "chance = 0.5\n", ""),
    ),
}
MISUSES = _OPTIONS | _ENTRIES | _TASKS | _MARKERS | _DATA
