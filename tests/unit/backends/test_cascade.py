"""Cascades: which step answers, what is stamped, and what is refused beforehand."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llmlat.backends import open_backend
from pytest_llmlat.backends.cascade.cascade_entry import check_steps, device_of_step
from pytest_llmlat.backends.cascade.cascade_model import Cascade, CascadeStep
from pytest_llmlat.backends.go_on_entry import rules_of
from pytest_llmlat.backends.model_catalogue import load_models
from pytest_llmlat.backends.scripted import Scripted
from pytest_llmlat.values.clock import ManualClock
from pytest_llmlat.values.errors import (
    BadCatalogue,
    GenerationFailed,
    Unsupported,
    UsageError,
)
from pytest_llmlat.values.going_on import GoOn
from pytest_llmlat.values.records import Extraction, Request
from pytest_llmlat.values.sampling import Sampling
from pytest_llmlat.values.token_meter import Meter
from pytest_llmlat.values.toml_tables import TomlTable
from tests.unit.builders import a_deployment

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.values.entities import ModelSpec
    from pytest_llmlat.values.records import Generation
    from pytest_llmlat.values.timing import Timing


def reads(text: str, *, truncated: bool = False) -> Extraction:
    """Read a number, and nothing else."""
    del truncated
    word = text.strip()
    return Extraction(value=word if word.isdigit() else None, refused="sorry" in text)


REQUEST = Request(
    prompt="2 + 2?", chat=True, max_new_tokens=8, family="reasoning", reads=reads
)


def a_cascade(first: str, last: str, rule: GoOn, *, clock: ManualClock) -> Cascade:
    """Return a cascade of two scripts: the first takes 1 s, the last 3 s a token."""
    backends = (
        Scripted({"": first}, clock=clock, ttft_s=1.0, tpot_s=1.0),
        Scripted({"": last}, clock=clock, ttft_s=3.0, tpot_s=3.0),
    )
    return Cascade(
        [
            CascadeStep(name="small", backend=backends[0], rule=rule),
            CascadeStep(name="large", backend=backends[1], rule=None),
        ],
        clock=clock,
    )


def asked(
    first: str, last: str, rule: GoOn, request: Request = REQUEST
) -> tuple[Generation, Timing]:
    """Return what comes of one request."""
    clock = ManualClock(1_000)
    meter = Meter(clock, request.stop)
    meter.start()
    generation = a_cascade(first, last, rule, clock=clock).generate(request, meter)
    return generation, meter.timing()


def test_an_answer_that_is_given_comes_as_a_whole_when_it_was_judged() -> None:
    """Until it has ended nobody knows whether it will be given."""
    generation, timing = asked("4 ", "5", GoOn(unparsed=True))

    assert generation.text == "4 "
    assert timing.ttft_s == timing.e2e_s == 1.0
    assert timing.tpot_s is None
    assert [step.went_on for step in generation.steps] == [None]
    assert generation.output_tokens == 1


def test_an_answer_of_the_next_step_comes_after_all_of_the_first() -> None:
    """Times hold both steps, and the tokens of both are counted."""
    generation, timing = asked("I see it", "5 6", GoOn(unparsed=True))

    assert generation.text == "5 6"
    assert timing.ttft_s == 3.0 + 3.0
    assert timing.e2e_s == 3.0 + 3.0 + 3.0
    assert generation.output_tokens == 3 + 2
    small, large = generation.steps
    assert (small.model, small.seconds, small.went_on) == ("small", 3.0, "unparsed")
    assert (large.model, large.seconds, large.went_on) == ("large", 6.0, None)


def test_a_held_back_answer_of_several_tokens_is_one_stamp() -> None:
    """No gap is told that nobody saw."""
    _, timing = asked("a b c", "5", GoOn(longer_than=7))

    assert timing.stamp_tokens == (3,)
    assert timing.ttft_s == timing.e2e_s == 3.0


@pytest.mark.parametrize(
    "rule",
    [
        GoOn(families=("reasoning",)),
        GoOn(prompt_longer_than=5),
        GoOn(digits_over=1),
    ],
)
def test_a_router_passes_a_model_over_in_no_time(rule: GoOn) -> None:
    """What is known of the question beforehand costs no answer."""
    generation, timing = asked("4", "5", rule)

    assert generation.text == "5"
    assert timing.e2e_s == 3.0
    assert generation.output_tokens == 1
    assert generation.steps[0].seconds == 0.0


def test_a_router_streams_what_nothing_looks_at() -> None:
    """No rule waits for the end of the answer."""
    _, timing = asked("a b c", "5", GoOn(prompt_longer_than=100))

    assert timing.ttft_s == 1.0
    assert timing.stamp_tokens == (1, 1, 1)


@pytest.mark.parametrize(
    ("answer", "rule", "why"),
    [
        ("sorry", GoOn(refused=True), "refused"),
        ("a b c d e f g h i j", GoOn(cut=True), "cut"),
        ("", GoOn(empty=True), "empty"),
        ("a b c", GoOn(longer_than=2), "longer_than 2"),
        ("a", GoOn(shorter_than=2), "shorter_than 2"),
    ],
)
def test_each_signal_goes_on(answer: str, rule: GoOn, why: str) -> None:
    """The record says which condition it was."""
    generation, _ = asked(answer, "5", rule)

    assert generation.steps[0].went_on == why
    assert generation.text == "5"


def test_agreement_asks_several_times_and_gives_what_most_say() -> None:
    """Repeats are drawn with seeds of their own; all of them take time."""
    clock = ManualClock(1_000)
    small = Scripted(
        lambda request: "7" if request.seed == 1 else "4", clock=clock, ttft_s=1.0
    )
    large = Scripted({"": "5"}, clock=clock)
    drawn = replace(REQUEST, seed=1, sampling=Sampling(temperature=1.0, top_p=1.0))
    rule = GoOn(agreement_below=0.5, repeats=3)
    meter = Meter(clock)
    cascade = Cascade(
        [
            CascadeStep(name="small", backend=small, rule=rule),
            CascadeStep(name="large", backend=large, rule=None),
        ],
        clock=clock,
    )

    generation = cascade.generate(drawn, meter)

    assert generation.text == "4"
    assert generation.output_tokens == 3
    assert meter.timing().e2e_s == 3.0


def test_agreement_of_greedy_answers_is_refused() -> None:
    """They are one answer, and each would cost its time."""
    rule = GoOn(agreement_below=0.5, repeats=3)
    cascade = a_cascade("4", "5", rule, clock=ManualClock(0))

    with pytest.raises(Unsupported, match="temperature"):
        cascade.warm_up(REQUEST)


def test_a_rule_on_reading_needs_a_reader() -> None:
    """Else nothing would ever go on, and nobody would know why."""
    with pytest.raises(GenerationFailed, match="reads"):
        asked("4", "5", GoOn(unparsed=True), replace(REQUEST, reads=None))


CATALOGUE = """
[models.small]
backend = "scripted"
devices = ["cpu"]
options = { answer = "4" }
[models.large]
backend = "scripted"
devices = ["cpu", "cuda"]
options = { answer = "5" }
[models.both]
backend = "cascade"
steps = ["small", "large"]
go_on = { unparsed = true, longer_than = 3 }
"""


def catalogue(folder: Path, text: str) -> ModelSpec:
    """Return the entry ``both`` of a catalogue."""
    path = folder / "models.toml"
    path.write_text(text, "utf-8")
    return load_models([path]).entries["both"]


def test_an_entry_names_its_steps(tmp_path: Path) -> None:
    """They are entries themselves; it runs where all of them do."""
    both = catalogue(tmp_path, CATALOGUE)

    assert [step.name for step in both.steps] == ["small", "large"]
    assert both.go_on == (GoOn(unparsed=True, longer_than=3),)
    assert both.devices == ("cpu",)
    check_steps(both)
    backend = open_backend(a_deployment(both), ManualClock(0))
    assert backend.facts["steps"] == "small > large"
    assert backend.facts["small.context"] == 4096
    backend.close()


def test_an_entry_may_have_a_rule_for_each_step(tmp_path: Path) -> None:
    """An array has one table for each step but the last."""
    text = CATALOGUE.replace("go_on = {", "go_on = [{").replace("3 }", "3 }]")

    assert catalogue(tmp_path, text).go_on == (GoOn(unparsed=True, longer_than=3),)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('["small", "large"]', '["smal", "large"]', "did you mean 'small'"),
        ('["small", "large"]', '["small"]', "2 to 4"),
        ('["small", "large"]', '["small", "both"]', "no step of another"),
        ('["small", "large"]', '["small", "small"]', "named twice"),
        ("unparsed = true", "unparsd = true", "did you mean 'unparsed'"),
        ("longer_than = 3", "longer_than = -3", "longer_than"),
        ("unparsed = true, longer_than = 3", "", "no condition"),
        ("longer_than = 3", "agreement_below = 0.5", "repeats"),
        ("go_on = { unparsed = true, longer_than = 3 }", "", "go_on"),
        ('steps = ["small", "large"]', "", "steps"),
        ('["cpu", "cuda"]', '["cuda"]', "no device in common"),
        ("[models.large]", '[models.large]\nsystem = "Be brief."', "system"),
        ("[models.large]", "[models.large]\nchat = false", "one form of prompt"),
        ('answer = "5"', 'answer = "5", temperature = 0.5', "options.temperature"),
        (
            'backend = "cascade"',
            'backend = "cascade"\ndevices = ["cuda"]',
            "does not run on cuda",
        ),
    ],
)
def test_what_cannot_be_is_told_beforehand(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    """A typo in an entry is not found after an hour of other models."""
    text = CATALOGUE.replace(old, new)
    if "one form" in told:
        text = text.replace("[models.small]", "[models.small]\nchat = true")
    assert text != CATALOGUE

    with pytest.raises(UsageError, match=told):
        check_steps(catalogue(tmp_path, text))


def test_a_cloud_is_no_device_of_a_cascade(tmp_path: Path) -> None:
    """Steps may run there too, each by itself; the cascade does not."""
    text = CATALOGUE.replace('["cpu"]', '["cpu", "hf"]').replace('"cuda"', '"hf"')

    both = catalogue(tmp_path, text)

    assert both.devices == ("cpu",)
    check_steps(both)
    with pytest.raises(BadCatalogue, match="hf is a cloud"):
        check_steps(replace(both, devices=("cpu", "hf")))


def test_a_step_behind_a_server_has_a_place_of_its_own(tmp_path: Path) -> None:
    """The steps of this machine say where a cascade runs; without any, the servers."""
    served = 'backend = "http"\nurl = "http://127.0.0.1:9/v1"'
    large = (
        'backend = "scripted"\ndevices = ["cpu", "cuda"]\noptions = { answer = "5" }'
    )
    mixed = catalogue(tmp_path, CATALOGUE.replace(large, served))

    check_steps(mixed)

    assert mixed.devices == ("cpu",)
    assert [device_of_step(step, "cpu") for step in mixed.steps] == ["cpu", "endpoint"]
    with pytest.raises(BadCatalogue, match=r"options\.slower: is for models of this"):
        check_steps(replace(mixed, options=(("slower", 0.1),)))
    both = tmp_path / "both.toml"
    both.write_text(
        f"[models.a]\n{served}\n[models.b]\n{served}\n[models.c]\n"
        'backend = "cascade"\nsteps = ["a", "b"]\ngo_on = { empty = true }\n',
        "utf-8",
    )
    all_served = load_models([both]).entries["c"]
    check_steps(all_served)
    assert all_served.devices == ("endpoint",)


def test_steps_that_were_loaded_are_freed_where_one_cannot_be(tmp_path: Path) -> None:
    """Memory is not held by a cascade that never was."""
    text = CATALOGUE.replace('answer = "5"', 'script = "./absent.json"')
    both = catalogue(tmp_path, text)

    with pytest.raises(Exception, match="absent"):
        open_backend(a_deployment(both), ManualClock(0))


CONDITIONS = st.sampled_from(
    [
        *("unparsed", "refused", "cut", "empty", "longer_than", "shorter_than"),
        *("families", "agreement_below", "repeats", "digits_over", "nonsense", ""),
    ]
)
VALUES = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.text(max_size=5),
    st.lists(st.text(max_size=3), max_size=2),
    st.just({}),
)
RULES = st.dictionaries(CONDITIONS, VALUES, max_size=4)


@given(said=st.one_of(RULES, st.lists(RULES, max_size=3), VALUES))
@settings(deadline=None)
def test_whatever_go_on_holds_is_rules_or_a_sentence(said: object) -> None:
    """A catalogue is written by hand."""
    table = TomlTable("models.toml", "models.both", {"go_on": said}, name="both")

    try:
        rules = rules_of(table, 2)
    except BadCatalogue:
        return
    assert len(rules) == 1
    assert rules[0].conditions
