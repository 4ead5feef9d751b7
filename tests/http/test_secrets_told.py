"""A secret, however it is given, stands in no file, no log and no traceback."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

# pytester forgets what a run in this process imported, and these may not be twice.
import numpy as np  # noqa: F401, TID253 - see above
import pytest

import pytest_llmlat.backends.http
import pytest_llmlat.plugin.collection
import pytest_llmlat.session.api
import pytest_llmlat.session.run  # noqa: F401 - see above
from pytest_llmlat.command import main
from tests.http.asking import url_of
from tests.http.loopback import HELLO, complaint

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.http.loopback import Loopback

SECRET = "Zq7Wv9Kp3Tn8Bx"  # noqa: S105 - made up; below 16 letters, as a short key is
LONG = "Rj5Ym2Lc6Hd4Fs1Gw8Ue"
PIECE = 6
"""So many letters of it in a row are a piece that somebody could use."""

TASKS = """
[tasks."sentiment/tiny"]
source = "tiny.jsonl"
reference = "label"
labels = ["positive", "negative"]
extractor = "label"
metric = "accuracy"
chance = 0.5
max_new_tokens = 4
budget_s = 1.0
chat_prompt = "Is this positive or negative? {{ text }}"
"""

MEASURED = """
import pytest

@pytest.mark.llm("sentiment/tiny")
def test_measured(llm, llmlat):
    result = llmlat.run(llm)
    print(llm, repr(llm), llmlat, result)
"""

BROKEN = """
import pytest
from pytest_llmlat import measure_models
from pytest_llmlat.backends.transport.connection import Connection

def broken(self, message, attempt, seconds):
    raise RuntimeError("broken on purpose")

@pytest.mark.llm("sentiment/tiny")
def test_of_a_user_fails(llm, llmlat):
    result = llmlat.run(llm)
    settings = llmlat
    assert result.quality.value > 1

@pytest.mark.llm("sentiment/tiny", variant="deep")
def test_deep_inside_it_breaks(llm, llmlat, monkeypatch):
    monkeypatch.setattr(Connection, "ask", broken)
    llmlat.run(llm)

def test_from_python_nobody_is_there(monkeypatch):
    monkeypatch.setattr(Connection, "ask", broken)
    measure_models(MODELS, "sentiment/tiny", model_files=["models.toml"],
                   task_files=["tasks.toml"], runs="from_python")
"""


@dataclass(frozen=True, kw_only=True)
class WayIn:
    """One way to give a secret."""

    entry: str = ""
    """Keys of the model ``mine``; ``{url}`` is the server, ``{place}`` its host."""
    typed: str = ""
    """What is given as ``--llm`` in place of its name."""
    environ: Mapping[str, str] = field(default_factory=dict)
    conftest: str = ""
    secret: str = SECRET


BODY = json.dumps(
    {
        "api_key": SECRET,
        "deep": {"auth": {"value": SECRET}},
        "list": [{"url": f"http://me:{SECRET}@host/v1?x={SECRET}"}],
    }
)
OWN = """
from pytest_llmlat.backends import http
from pytest_llmlat.backends.backend_kind import BackendKind
from pytest_llmlat.values.entry_option import EntryOption
from dataclasses import replace

TOKEN = EntryOption(name="api_token", kind="string", secret=True, meaning="lets us in")

def opened(deployment, clock):
    model = replace(deployment.model, options=())
    assert len(deployment.model.option("api_token")) == 14
    return http.open_model(replace(deployment, model=model), clock)

def pytest_llmlat_backends():
    return {"lab": BackendKind(name="lab", open=opened, weights="server", needs=None,
                               devices=("endpoint",), options=(TOKEN,))}
"""

HTTP = 'backend = "http"\nweights = "tiny"\n'
WAYS = {
    "password in an entry's url": WayIn(
        entry=f'{HTTP}url = "http://me:{SECRET}@{{place}}/v1"'
    ),
    "query of an entry's url": WayIn(
        entry=f'{HTTP}url = "{{url}}?api-version=2024-10-21&code={SECRET}"'
    ),
    "variable of a key": WayIn(
        entry=f'{HTTP}url = "{{url}}"\napi_key_env = "GATE_KEY"',
        environ={"GATE_KEY": LONG},
        secret=LONG,
    ),
    "header by a variable": WayIn(
        entry=f'{HTTP}url = "{{url}}"\n'
        'headers = {{ X-Gate = "Token ${{GATE}}" }}',
        environ={"GATE": LONG},
        secret=LONG,
    ),
    "short key in a header": WayIn(
        entry=f'{HTTP}url = "{{url}}"\nheaders = {{{{ api-key = "{SECRET}" }}}}'
    ),
    "extra_body": WayIn(
        entry=f"{HTTP}url = \"{{url}}\"\noptions.extra_body = '{{body}}'"
    ),
    "address as it is typed": WayIn(
        entry=f'{HTTP}url = "{{url}}"',
        typed=f"http://me:{SECRET}@{{place}}/v1?api-key={SECRET}#tiny",
    ),
    "hub's token in a variable": WayIn(
        entry='backend = "hub"\nweights = "tiny"\noptions.endpoint = "{url}"',
        environ={"HF_TOKEN": f"hf_{LONG}"},
        secret=LONG,
    ),
    "hub's token in a file": WayIn(
        entry='backend = "hub"\nweights = "tiny"\noptions.endpoint = "{url}"',
        environ={"HF_TOKEN_PATH": "token.key"},
        secret=LONG,
    ),
    "password of a proxy": WayIn(
        entry=f'{HTTP}url = "http://far.example/v1"',
        environ={
            "HTTP_PROXY": f"http://me:{SECRET}@{{place}}",
            "NO_PROXY": "127.0.0.1",
        },
    ),
    "option of an own backend": WayIn(
        entry=f'backend = "lab"\nweights = "tiny"\nurl = "{{url}}"\n'
        f'options.api_token = "{SECRET}"',
        conftest=OWN,
    ),
}


def pieces(secret: str) -> set[str]:
    """Return all pieces of a secret in the forms in which it may be written."""
    pair = b64encode(f"me:{secret}".encode()).decode().rstrip("=")
    forms = (secret, quote(secret, safe=""), pair)
    return {
        form[start : start + PIECE]
        for form in forms
        for start in range(len(form) - PIECE + 1)
    }


@dataclass
class Told:
    """All that a run and the commands after it told."""

    folder: Path
    given: set[Path]
    """Files in which the secret was given."""
    printed: dict[str, str] = field(default_factory=dict)

    def leaks(self, secret: str) -> list[str]:
        """Return where a piece of the secret stands, with what stands round it."""
        texts = dict(self.printed)
        for path in self.folder.rglob("*"):
            if path.is_file() and path not in self.given and path.suffix != ".pyc":
                name = str(path.relative_to(self.folder))
                texts[name] = f"{name} {path.read_bytes().decode('latin-1')}"
        found = []
        for name, text in texts.items():
            for piece in pieces(secret):
                at = text.find(piece)
                if at >= 0:
                    found.append(f"{name}: …{text[max(0, at - 90) : at + 30]!r}…")
                    break
        return found


def written(server: Loopback, way: WayIn, pytester: pytest.Pytester) -> Told:
    """Write a project whose model is given in one of the ways."""
    place = f"127.0.0.1:{server.port}"
    known = {"url": url_of(server), "place": place, "body": BODY}
    rows = [{"id": f"t{n}", "text": "good", "label": "positive"} for n in range(3)]
    name = way.typed.format(**known) or "mine"
    files = {
        "models.toml": f"[models.mine]\n{way.entry.format(**known)}\n",
        "tasks.toml": TASKS,
        "tiny.jsonl": "".join(f"{json.dumps(row)}\n" for row in rows),
        "token.key": f"hf_{LONG}\n",
        "test_measured.py": MEASURED,
        "test_broken.py": BROKEN.replace("MODELS", "os.environ['MODEL']").replace(
            "import pytest\n", "import os\nimport pytest\n", 1
        ),
        "conftest.py": way.conftest,
    }
    for file, text in files.items():
        (pytester.path / file).write_text(text, "utf-8")
    pytester.makeini(
        "[pytest]\nllm_models = models.toml\nllm_tasks = tasks.toml\n"
        "log_file = log.txt\nlog_file_level = DEBUG\n"
    )
    given = {pytester.path / file for file in files}
    told = Told(pytester.path, given)
    told.printed["name"] = name
    return told


ALL = (
    *("-vv", "--showlocals", "-rA", "--log-level=DEBUG", "--capture=no"),
    *("-p", "no:xdist", "-o", "log_cli=true", "--tb=long"),
)


MISSPELT = (
    f"ftp://me:{SECRET}@host/v1?key={SECRET}",
    f"http:/me:{SECRET}@host/v1",
    f"https//me:{SECRET}@host/v1?api-key={SECRET}",
    f"me:{SECRET}@host:8000/v1",
)


@pytest.mark.slow
def test_an_address_of_no_model_is_told_without_its_secrets(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From Python, one or among others, with all local variables; and pytest's own.

    The command line is a real one, and pytest writes all of it into its file.
    """
    monkeypatch.setenv("TYPED", json.dumps(MISSPELT))
    pytester.makepyfile(
        """
        import json, os
        import pytest
        from pytest_llmlat import measure_models

        @pytest.mark.parametrize("n", range(4))
        @pytest.mark.parametrize("several", [False, True])
        def test_it(n, several):
            measure_models(*(typed(n, several), "sentiment"), runs="runs")

        def typed(n, several):
            name = json.loads(os.environ["TYPED"])[n]
            return ["gpt2", name] if several else name
        """
    )
    given = {*pytester.path.rglob("*.py")}

    done = pytester.runpytest_subprocess(*ALL, "--debug=debug.log")
    for typed in MISSPELT:
        asked = pytester.runpytest_subprocess(
            *("--debug=asked.log", f"--llm={typed}", "-k", "nothing")
        )
        assert "unknown model" in asked.stderr.str() + asked.stdout.str()
        assert "--llm=" in (pytester.path / "asked.log").read_text("utf-8")
        told = Told(pytester.path, given)
        told.printed["typed"] = asked.stdout.str() + asked.stderr.str()
        assert told.leaks(SECRET) == []

    told = Told(pytester.path, given)
    told.printed["run"] = done.stdout.str() + done.stderr.str()
    assert done.parseoutcomes() == {"failed": 8}
    assert told.printed["run"].count("unknown model") >= 8
    assert told.leaks(SECRET) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", WAYS)
def test_a_secret_is_told_by_nothing(
    name: str,
    server: Loopback,
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Not by files, output, logs, tracebacks with local variables or commands.

    One run passes, and is reported, stored and exported; in another a test fails, the
    transport breaks under a request, and a server that nobody has is asked from Python.
    The server repeats the secret in an error.
    """
    way = WAYS[name]
    told = written(server, way, pytester)
    model = told.printed.pop("name")
    for variable, value in way.environ.items():
        place = f"127.0.0.1:{server.port}"
        monkeypatch.setenv(variable, value.format(place=place))
    monkeypatch.setenv("MODEL", model)
    monkeypatch.chdir(pytester.path)
    args = (*ALL, f"--llm={model}", "-p", "no:benchmark")

    good = pytester.runpytest_inprocess(
        *(*args, "test_measured.py", "--junitxml=junit.xml"),
        *("--llm-report=report", "--llm-save-baseline=base.json"),
    )
    told.printed["passing run"] = good.stdout.str() + good.stderr.str()
    server.scripts = [
        [complaint("400 Bad Request", f"no: {way.secret} or ?key={way.secret}")],
        [HELLO],
    ]
    bad = pytester.runpytest_inprocess(*args, "test_broken.py", "--junitxml=bad.xml")
    told.printed["failing run"] = bad.stdout.str() + bad.stderr.str()
    commands = (
        ["models", "--models", "models.toml"],
        ["models", "mine", "--models", "models.toml"],
        ["models", "mine", "--json", "--models", "models.toml"],
        ["show", "last"],
        ["show", "last", "sentiment", "--json"],
        ["report", "last", "--out", "shown"],
        ["export", "last", "--to", "out.csv"],
        ["baseline", "show", "base.json"],
        ["compare", "base.json", "last"],
    )
    for command in commands:
        main(command)
        printed = capsys.readouterr()
        told.printed[" ".join(command)] = printed.out + printed.err

    sent = "\n".join(f"{head}\n{body.decode()}" for head, body in server.requests)
    assert way.conftest or any(piece in sent for piece in pieces(way.secret)), (
        "it was never sent"
    )
    assert good.ret == 0, told.printed["passing run"][-3000:]
    assert bad.parseoutcomes().get("failed") == 3, told.printed["failing run"][-3000:]
    assert "broken on purpose" in told.printed["failing run"]
    assert told.leaks(way.secret) == []
