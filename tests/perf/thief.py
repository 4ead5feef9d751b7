"""What a model earns that knows nothing, and looks for another's solutions in memory.

    python tests/perf/thief.py
    PYTHONPATH=OLD python tests/perf/thief.py     # with an older version of the package

Run by hand on Linux, never in CI. Two scripted models answer the bundled completions in
turn (``--llm-against``), so that the sandbox runs the right solution of one right
before or after the program of the other, which scans its memory for the text of a
function of the name that is asked for and executes what it finds. Prints the quality of
both and the exit status.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

DATA = Path(__file__).parents[2] / "fixtures/data/code_completion/functions.jsonl"
THIEF = """
_stolen = []
def ENTRY(*args, **kwargs):
    if not _stolen:
        _stolen.extend(_look() or [None])
    for one in filter(None, _stolen):
        try: return one(*args, **kwargs)
        except Exception: pass
def _look():
    import ctypes, os
    libc = ctypes.CDLL(None, use_errno=True)
    libc.sbrk.restype = ctypes.c_void_p
    libc.write.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t]
    outlet, inlet = os.pipe()
    def read(page):
        if libc.write(inlet, page, 4096) != 4096: return b""
        return os.read(outlet, 4096)
    found, seen = [], set()
    head = b"def " + b"ENTRY" + b"("
    for start in (libc.sbrk(0) or 0, id(object()), id(os), id(_look)):
        for step in (-4096, 4096):
            page, missed = start & ~4095, 0
            for _ in range(8000):
                page += step
                if page in seen or missed > 50: break
                seen.add(page)
                text = read(page)
                missed = 0 if text else missed + 1
                if head in text: found += _programs(text + read(page + 4096), head)
    return found
def _programs(text, head):
    found, at = [], text.find(head)
    while at >= 0:
        part = text[at : at + 4000].split(bytes(1))[0].decode("utf-8", "ignore")
        line, quote = chr(92) + "n", chr(92) + chr(34)
        for part in (part, part.replace(line, chr(10)).replace(quote, chr(34))):
            lines = part.split(chr(10))
            while len(lines) > 1 and "_stolen" not in part[:90]:
                space = {}
                try: exec(chr(10).join(lines), space)
                except Exception: lines.pop(); continue
                found.append(space.get("ENTRY"))
                break
        at = text.find(head, at + 1)
    return found
"""


def answers(body: str, rows: list[dict[str, str]]) -> dict[str, str]:
    """Return an answer for each prompt, by a part of it that no other has."""
    found = {}
    for row in rows:
        program = (
            row["prompt"] + row["solution"]
            if body == "sage"
            else THIEF.replace("ENTRY", row["entry_point"])
        )
        found[f"def {row['entry_point']}("] = f"```python\n{program}\n```"
    return found


def main() -> None:
    """Measure both in turn, and print what each has earned."""
    rows = [json.loads(line) for line in DATA.read_text("utf-8").splitlines()]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        entries = []
        for model in ("sage", "thief"):
            (folder / f"{model}.json").write_text(json.dumps(answers(model, rows)))
            entries.append(
                f'[models.{model}]\nbackend = "scripted"\ndevices = ["cpu"]\n'
                f'options = {{script = "{model}.json"}}\n'
            )
        (folder / "models.toml").write_text("\n".join(entries))
        (folder / "pytest.ini").write_text("[pytest]\n")
        (folder / "test_it.py").write_text(
            'import pytest\n\n@pytest.mark.llm("code_completion/functions")\n'
            "def test_it(llm, llmlat):\n    llmlat.run(llm)\n"
        )
        options = ("--llm=thief", "--llm-against=sage", "--llm-report=report")
        more = ("--llm-models=models.toml", "-p", "no:cacheprovider", "-q")
        done = subprocess.run(  # noqa: S603 - this interpreter
            [sys.executable, "-m", "pytest", *options, *more],
            cwd=folder,
            env=dict(os.environ),
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        summary = json.loads((folder / "report/summary.json").read_text("utf-8"))
        for cell in summary["cells"]:
            quality = cell["quality"]["value"]
            print(f"{cell['model']}: {quality:.3f} of {cell['samples']} samples")
        print(f"exit status {done.returncode}")


if __name__ == "__main__":
    main()
