"""``llmlat doctor``: what this machine has, and what can be run on it."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.command import doctor, extensions_check, main
from pytest_llmlat.command.doctor_findings import (
    Examination,
    Isolation,
    Memory,
    examine,
)
from pytest_llmlat.command.extras import extras
from pytest_llmlat.command.readiness import readiness
from pytest_llmlat.grading.sandbox.chain import REMEDY
from pytest_llmlat.machine.contention import judge
from pytest_llmlat.values.cell_facts import Contention
from pytest_llmlat.values.errors import SandboxUnavailable
from pytest_llmlat.values.extensions import Table
from tests.unit.command.plain_machine import BARE, GPT2, LACKING, WHOLE

if TYPE_CHECKING:
    from pytest_llmlat.grading.sandbox import Sandbox

VALUE = "hf_SECRETSECRETSECRET"


def found(**changes: Any) -> Examination:  # noqa: ANN401 - any part
    """Return what an examination of a plain machine finds, varied."""
    plain: dict[str, Any] = {
        "inventory": BARE,
        "environment": {
            "cpu": "EPYC",
            "cores": 2,
            "system": "Linux",
            "release": "6.1",
            "machine": "x86_64",
            "python": "3.11.7",
        },
        "extras": WHOLE,
        "models": (readiness(GPT2, BARE, WHOLE),),
        "torch_built_for": None,
        "isolations": (Isolation(name="seccomp", refusal=None),),
        "token_source": None,
        "offline": (),
        "cache": Path("/cache"),
        "cache_free_bytes": 5_000_000_000,
        "memory": Memory(total=8_000_000_000, available=None),
        "contention": Contention(
            others_cores=None,
            steal=None,
            load_average=None,
            throttled=None,
            gpu_processes=None,
            contended=None,
        ),
    }
    return Examination(**{**plain, **changes})


def text(examination: Examination) -> str:
    """Return what the doctor says of it."""
    return "\n".join(doctor.lines(examination))


@pytest.mark.slow
def test_doctor_ends_with_what_to_type(capsys: pytest.CaptureFixture[str]) -> None:
    """The real machine: devices, extras and sandboxes, then what to type."""
    status = main(["doctor"])

    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("device     cpu") for line in lines)
    assert any(line.startswith("sandbox    ") for line in lines)
    assert lines[-1].startswith("next: pytest " if status == 0 else "next: pip install")


@pytest.mark.slow
def test_doctor_tells_programs_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    """All of it, and null for what is unknown."""
    status = main(["doctor", "--json"])

    told = json.loads(capsys.readouterr().out)
    assert told["devices"]["cpu"] == {"present": True, "why": None}
    assert told["environment"]["cores"] >= 1
    assert told["sandboxes"]
    assert status == int(not any(m["ready"] for m in told["models"].values()))


def test_extensions_that_cannot_be_used_are_told_with_the_reason() -> None:
    """To people on a line each, and to programs; they keep no model from running."""
    why = "metric 'mine' of broken 1.0: cannot be imported: ImportError: \x1b[31m"
    examined = found(broken_extensions=(why,))

    assert f"extension  {why}" in text(examined).splitlines()
    assert doctor.content(examined)["broken_extensions"] == [why]
    assert examined.usable


def test_the_doctor_imports_every_extension(monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails only when it is asked for is found before."""
    table: Table[int] = Table(
        "gadgets",
        "gadget",
        lambda _, value: value,  # type: ignore[arg-type, return-value]
        declared=lambda _: [EntryPoint("mine", "absent:ONE", "pytest_llmlat.gadgets")],
    )
    monkeypatch.setattr(extensions_check, "TABLES", (table,))
    monkeypatch.setattr("pytest_llmlat.values.extensions._is_ours", lambda _: True)

    (told,) = extensions_check.broken_extensions()

    assert told.startswith("gadget 'mine' of an unknown distribution (entry point")
    assert "No module named 'absent'" in told


def test_a_machine_without_libraries_is_told_what_to_install() -> None:
    """Nothing can run, which is a failure, and one line mends it."""
    nothing = found(extras=LACKING, models=(readiness(GPT2, BARE, LACKING),))

    told = text(nothing)

    assert nothing.usable == ()
    assert "extra      gguf: lacks gguf>=1; run: pip install 'pytest-llmlat[gguf]'" in (
        told
    )
    assert "you can run: nothing yet" in told
    assert told.endswith("next: pip install 'pytest-llmlat[demo]'")


def test_a_model_of_the_hub_is_run_after_a_download() -> None:
    """It is not promised to run at once."""
    told = text(found())

    assert "after a download from the hub: gpt2 (cpu)" in told
    assert "you can run:" not in told
    assert "--llm gpt2" in told


def test_the_next_command_is_of_the_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wheel has the benchmarks inside, a checkout beside it, a project its own."""
    package, checkout = tmp_path / "site" / "pytest_llmlat", tmp_path / "checkout"
    for place in (package, checkout):
        (place / "benchmarks").mkdir(parents=True)
        (place / "benchmarks" / "test_sentiment.py").touch()
    (package / "__init__.py").touch()

    monkeypatch.setattr(doctor, "bundled", lambda: package / "fixtures")
    of_a_wheel = doctor.next_command(found(), tmp_path)
    monkeypatch.setattr(doctor, "bundled", lambda: checkout / "fixtures")
    editable = doctor.next_command(found(), tmp_path)
    own = doctor.next_command(found(), checkout)

    assert of_a_wheel == "pytest --pyargs pytest_llmlat.benchmarks --llm gpt2"
    assert editable == f"pytest {checkout / 'benchmarks'} --llm gpt2"
    assert own == "pytest benchmarks --llm gpt2"


def test_torch_without_the_card_that_is_here_is_told() -> None:
    """The commonest mistake: a GPU, and a torch that was built without it."""
    card = replace(BARE, gpus=("NVIDIA RTX A6000",))

    blind = text(found(inventory=card, torch_built_for="the processor alone"))
    seeing = text(found(inventory=card, torch_built_for="CUDA 12.8"))

    assert "cannot use the GPU" in blind
    assert "cannot use the GPU" not in seeing
    assert "cuda: here (NVIDIA RTX A6000)" in seeing


@pytest.mark.slow
def test_a_token_is_told_without_its_value(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where it was found is enough."""
    monkeypatch.setenv("HF_TOKEN", VALUE)

    main(["doctor"])
    main(["doctor", "--json"])

    told = capsys.readouterr().out
    assert "in variable HF_TOKEN" in told
    assert VALUE not in told


def test_what_keeps_off_the_network_is_told() -> None:
    """Else a download fails and nobody knows why."""
    told = text(found(offline=("HF_HUB_OFFLINE",)))

    assert "HF_HUB_OFFLINE is set" in told
    assert "(offline: from the cache alone)" in told


@pytest.mark.slow
@pytest.mark.parametrize(("value", "told"), [("1", True), ("0", False), ("", False)])
def test_only_what_is_switched_on_keeps_off_the_network(
    value: str,
    *,
    told: bool,
) -> None:
    """As the hub's libraries read their variables."""

    def refuse(name: str) -> Sandbox:
        raise SandboxUnavailable(name)

    offline = examine({"TRANSFORMERS_OFFLINE": value}, refuse).offline

    assert offline == (("TRANSFORMERS_OFFLINE",) if told else ())


def test_no_sandbox_at_all_is_told() -> None:
    """Code tasks fail on such a machine."""
    told = text(found(isolations=(Isolation(name="seccomp", refusal="not here"),)))

    assert "sandbox    seccomp: not here" in told
    assert "none holds" in told


@pytest.mark.slow
def test_a_sandbox_that_refuses_says_why() -> None:
    """Its own reason, without what to do that follows once for all."""

    def refuse(name: str) -> Sandbox:
        raise SandboxUnavailable(f"{name} does not hold (too old); {REMEDY}")

    isolations = examine({}, refuse).isolations

    assert len(isolations) > 1
    first = isolations[0]
    assert first.refusal == f"{first.name} does not hold (too old)"


@pytest.mark.slow
def test_a_sandbox_that_is_tried_alone_is_named_once() -> None:
    """The chain of one says that none holds, and then why; the reason is enough."""

    def refuse(name: str) -> Sandbox:
        raise SandboxUnavailable(
            f"no sandbox holds on this machine ({name}: not installed (apt)); {REMEDY}"
        )

    assert {one.refusal for one in examine({}, refuse).isolations} == {
        "not installed (apt)"
    }


def test_kinds_of_card_that_lack_the_same_share_a_line() -> None:
    """Five lines on one missing driver hide what the others say."""
    lines = [line for line in text(found()).splitlines() if line.startswith("device")]

    assert sum("CUDA" in line for line in lines) == 1
    assert any("cuda, a6000, h100" in line for line in lines)
    assert sum("found none" in line for line in lines) > 1


def test_a_busy_machine_is_told() -> None:
    """Whoever measures now measures the others too."""
    contention = replace(
        found().contention, contended=judge(1.5, None, None, None, None)
    )

    told = text(found(contention=contention))

    assert "now        busy: other processes used 1.5 cores" in told


@pytest.mark.parametrize(
    ("there", "lacking"),
    [
        ({"lib": "1.5"}, ()),
        ({"lib": "0.9"}, ("lib>=1 (0.9 is installed)",)),
        ({}, ("lib>=1",)),
    ],
)
def test_an_extra_is_whole_or_says_what_it_lacks(
    there: dict[str, str], lacking: tuple[str, ...]
) -> None:
    """A library that is too old does not do; one of another system is not missed."""
    declared = (
        ["gguf", "dev"],
        [
            "base>=1",
            "lib>=1; extra == 'gguf'",
            "winlib; sys_platform == 'nowhere' and extra == 'gguf'",
            "tool; extra == 'dev'",
        ],
    )

    told = extras(declared, there.get)

    assert list(told) == ["gguf"]
    assert told["gguf"].lacking == lacking


@pytest.mark.parametrize(
    ("there", "lacking"),
    [
        ({"lib": "2", "words": "1"}, ()),
        ({"lib": "2"}, ("words>=1",)),
        ({"words": "1"}, ("lib", "lib>=1")),
    ],
)
def test_an_extra_stands_on_those_that_it_names(
    there: dict[str, str], lacking: tuple[str, ...]
) -> None:
    """Its own of other names, and those of other distributions; in a circle too."""
    declared = (
        ["base", "finnish"],
        [
            "lib>=1; extra == 'base'",
            "pytest-llmlat[finnish]; extra == 'base'",
            "pytest_llmlat[base]; extra == 'finnish'",
            "lib[fi]; extra == 'finnish'",
        ],
    )

    def further(name: str) -> list[str]:
        assert name == "lib"
        return ["numbers", "words>=1; extra == 'fi'", "verbs; extra == 'no'"]

    own = {"pytest-llmlat": "1", "pytest_llmlat": "1"}
    told = extras(declared, {**own, **there}.get, further)

    assert set(told["finnish"].lacking) == set(lacking)


@pytest.mark.slow
def test_the_extras_of_this_package_can_be_read() -> None:
    """As they were installed, none that stands for others."""
    told = extras()

    assert "gguf" in told
    assert not {"all", "dev"} & set(told)
