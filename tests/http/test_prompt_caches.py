"""Servers that keep prompts: found out, kept off, or told, and never flattering."""

from __future__ import annotations

from collections import Counter, defaultdict
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat import ModelSpec, measure_models
from pytest_llmlat.backends import http
from pytest_llmlat.values.clock import ManualClock
from pytest_llmlat.values.entities import Deployment
from pytest_llmlat.values.errors import BadCatalogue
from pytest_llmlat.values.records import Request
from tests.http.asking import QUICK, ask, url_of
from tests.http.caching import CachingServer
from tests.http.loopback import Loopback, complaint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytest_llmlat import RunResult, Summary
    from pytest_llmlat.backends.completions.completions_server import Completions
    from pytest_llmlat.values.entities import Scalar

TASK = "sentiment/polarity"


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Stop what was started."""
    with ExitStack() as opened:
        yield opened


def an_entry(server: Loopback, name: str = "mine", /, **options: Scalar) -> ModelSpec:
    """Return an entry of a server that is probed."""
    return ModelSpec(
        name=name,
        backend="http",
        devices=("endpoint",),
        weights="tiny",
        url=url_of(server),
        options=tuple({**QUICK, "probe": True, **options}.items()),
    )


@pytest.fixture
def caching(stack: ExitStack) -> Callable[..., CachingServer]:
    """Start a server that keeps prompts."""

    def started(**how: Any) -> CachingServer:  # noqa: ANN401 - as its own
        server = CachingServer(**how)
        stack.callback(server.stop)
        return server

    return started


def opened(
    stack: ExitStack, server: Loopback, clock: ManualClock, **options: Scalar
) -> Completions:
    """Open the way to a server on a clock of the test's."""
    spec = an_entry(server, **options)
    model = http.open_model(Deployment(model=spec, device="endpoint"), clock)
    stack.callback(model.close)
    return model


def on(clock: ManualClock) -> Callable[[float], None]:
    """Return what takes time on a clock."""
    return lambda seconds: clock.wait_until(clock.now_ns() + round(seconds * 1e9))


def cache_facts(model: Completions) -> tuple[object, object, object]:
    """Return what a model says of its server's cache."""
    facts = model.facts
    return facts["keeps_prompts"], facts["cold_by"], facts["cache"]


@pytest.mark.parametrize(
    ("tells", "lies"), [(True, False), (False, False), (True, True)]
)
@pytest.mark.parametrize("heeds", ["cache_prompt", "cache_salt", None])
def test_what_keeps_a_server_from_having_seen_a_prompt(
    stack: ExitStack,
    caching: Callable[..., CachingServer],
    heeds: str | None,
    *,
    tells: bool,
    lies: bool,
) -> None:
    """By its usage or by the clock; and the first field that it heeds is used."""
    clock = ManualClock()
    server = caching(wait=on(clock), tells=tells, lies=lies, heeds=heeds)

    model = opened(stack, server, clock)

    assert cache_facts(model) == (True, heeds or "head", None)
    first, again = (ask(model).generation for _ in range(2))
    assert first is not None
    assert again is not None
    if heeds:
        assert server.served[-1].cached == 0
        assert again.cached_tokens == (0 if tells and not lies else None)
    else:
        assert again.cached_tokens == (
            server.served[-1].cached if tells and not lies else None
        )


def test_a_server_that_keeps_nothing(stack: ExitStack, server: Loopback) -> None:
    """It is asked three prompts twice, one token each, and then left alone."""
    clock = ManualClock()

    model = opened(stack, server, clock)

    assert cache_facts(model) == (False, None, None)
    assert len(server.posted) == 6
    assert {body["max_tokens"] for body in server.posted} == {1}
    assert "cache_salt" not in server.posted[-1]
    prompts = Counter(str(body["messages"]) for body in server.posted)
    assert set(prompts.values()) == {2}


def test_the_probe_is_new_each_time(
    stack: ExitStack, caching: Callable[..., CachingServer]
) -> None:
    """A server that had kept that of an earlier run would be fast both times."""
    clock = ManualClock()
    server = caching(wait=on(clock), tells=False)

    for _ in range(2):
        assert cache_facts(opened(stack, server, clock))[0] is True


def test_a_slow_server_is_asked_little(
    stack: ExitStack, caching: Callable[..., CachingServer]
) -> None:
    """Where one prompt takes seconds, all are short."""
    clock = ManualClock()
    take = on(clock)
    server = caching(wait=lambda seconds: take(20 * seconds), tells=False)

    model = opened(stack, server, clock)

    assert cache_facts(model) == (True, "head", None)
    assert max(one.tokens for one in server.served) < 130


@pytest.mark.parametrize(
    ("slower", "requests"),
    [(60, 4), (200, 2)],  # 12 s and 40 s for a new prompt
)
def test_a_probe_has_a_bound(
    stack: ExitStack, caching: Callable[..., CachingServer], slower: int, requests: int
) -> None:
    """After 20 seconds no more is asked, and what is unknown is taken for the worse."""
    clock = ManualClock()
    take = on(clock)
    server = caching(
        wait=lambda seconds: take(slower * seconds), tells=False, heeds="cache_salt"
    )

    model = opened(stack, server, clock)

    assert cache_facts(model) == (True, "head", None)
    assert len(server.served) == requests


def test_a_probe_that_fails_says_nothing(stack: ExitStack, server: Loopback) -> None:
    """The server is used all the same; a prompt that comes again is in doubt."""
    server.scripts = [[complaint("400 Bad Request", "no")]]
    model = opened(stack, server, ManualClock())
    server.scripts = Loopback().scripts

    assert cache_facts(model) == (None, None, None)
    assert ask(model).note is None
    assert "whether the server had kept it is not known" in str(ask(model).note)


def test_the_probe_can_be_turned_off(stack: ExitStack, server: Loopback) -> None:
    """Nothing is sent, and nothing is known."""
    model = opened(stack, server, ManualClock(), probe=False)

    assert cache_facts(model) == (None, None, None)
    assert server.posted == []


@pytest.mark.parametrize("means", ["cache_prompt", "cache_salt"])
def test_a_means_that_the_entry_names(
    stack: ExitStack, server: Loopback, means: str
) -> None:
    """It is used without a probe."""
    model = opened(stack, server, ManualClock(), probe=False, cold_by=means)
    ask(model)
    ask(model)

    told = [body[means] for body in server.posted]
    assert told == [False, False] if means == "cache_prompt" else len(set(told)) == 2


@pytest.mark.parametrize("option", ["cache", "cold_by"])
def test_an_option_that_is_none_of_the_words(
    stack: ExitStack, server: Loopback, option: str
) -> None:
    """The words are listed."""
    with pytest.raises(BadCatalogue, match=f"option {option} = 'hot': must be one of"):
        opened(stack, server, ManualClock(), **{option: "hot"})


def test_turns_of_a_conversation_share_a_salt(
    stack: ExitStack, server: Loopback
) -> None:
    """They should find what the turns before have left; another one should not."""
    model = opened(stack, server, ManualClock(), probe=False, cold_by="cache_salt")
    for talk, continues in (("a", False), ("a", True), ("b", False), ("a", False)):
        ask(
            model,
            Request(
                prompt="So?",
                chat=True,
                max_new_tokens=4,
                conversation=talk,
                continues=continues,
            ),
        )

    first, second, other, anew = (body["cache_salt"] for body in server.posted)
    assert first == second
    assert len({first, other, anew}) == 3


def share_of(summary: Summary) -> float:
    """Return the share of kept tokens, which must be known."""
    share = dict(summary.numbers)["cached_share"]
    assert share is not None
    return share


def about_caches(summary: Summary) -> list[str]:
    """Return what a cell warns of its prompts, whatever else met the tests."""
    return [told for told in summary.warnings if "prompts" in told]


def measured(
    tmp_path: Path,
    *models: ModelSpec,
    scenario: str = "single",
    **more: Any,  # noqa: ANN401
) -> RunResult:
    """Measure a task of a few samples."""
    more = {"samples": 4, **more}
    return measure_models(list(models), TASK, scenario=scenario, root=tmp_path, **more)


@pytest.mark.slow
@pytest.mark.parametrize("heeds", ["cache_salt", None])
def test_each_level_and_repeat_meets_prompts_that_were_not_seen(
    tmp_path: Path, caching: Callable[..., CachingServer], heeds: str | None
) -> None:
    """A sweep with repeats: nothing that counts had been kept."""
    server = caching(heeds=heeds)

    result = measured(tmp_path, an_entry(server), scenario="concurrent:1,2", repeats=2)

    assert [summary.samples for summary in result.summaries] == [8, 8]
    assert all(share_of(s) < 0.1 for s in result.summaries)
    # The role, and by chance the first number of a head; never a prompt.
    most = 0 if heeds else 3
    assert all((record.cached_tokens or 0) <= most for record in result.records())
    heads = {record.head for record in result.records()}
    assert heads == {None} if heeds else len(heads) == 16


@pytest.mark.slow
def test_what_warms_up_and_keeps_up_the_load_is_not_measured(
    tmp_path: Path, server: Loopback
) -> None:
    """Also where the server keeps nothing: no prompt that counts was sent before."""
    result = measured(tmp_path, an_entry(server, probe=False), scenario="concurrent:2")

    (facts,) = (summary.load for summary in result.summaries)
    assert facts is not None
    prompts = Counter(str(body["messages"]) for body in server.posted)
    assert len(server.posted) == 1 + facts.before + 4 + facts.after
    assert set(prompts.values()) == {1}


@pytest.mark.slow
def test_a_share_is_what_the_server_logged(
    tmp_path: Path, caching: Callable[..., CachingServer]
) -> None:
    """Served as it comes, a second level finds all that the first one left."""
    server = caching()

    result = measured(
        tmp_path, an_entry(server, cache="as_is"), scenario="concurrent:1,2"
    )

    logged = {str(one.body["messages"]): one for one in server.served}
    assert all(one.cached == one.tokens or one.cached < 40 for one in logged.values())
    cold, warm = map(share_of, result.summaries)
    assert cold < 0.9
    assert warm == pytest.approx(1.0, abs=0.01)


@pytest.mark.slow
def test_a_warm_cache_is_measured_as_such(
    tmp_path: Path, caching: Callable[..., CachingServer]
) -> None:
    """Every prompt was sent before it is measured."""
    server = caching()

    result = measured(tmp_path, an_entry(server, cache="warm"))

    assert share_of(result.summaries[0]) == 1.0
    assert not about_caches(result.summaries[0])


@pytest.mark.slow
def test_a_cache_that_is_asked_for_and_not_there(
    tmp_path: Path, server: Loopback
) -> None:
    """It is said, rather than called warm."""
    result = measured(tmp_path, an_entry(server, cache="warm", probe=False))

    (warning,) = about_caches(result.summaries[0])
    assert "nothing shows that the server keeps prompts" in warning


@pytest.mark.slow
def test_two_models_of_one_server_get_heads_of_their_own(
    tmp_path: Path, caching: Callable[..., CachingServer]
) -> None:
    """A B B A: what one side has sent must not serve the other."""
    server = caching()

    result = measured(tmp_path, an_entry(server, "a"), against=an_entry(server, "b"))

    # The role, and by chance the first number of a head; never a prompt.
    assert all((record.cached_tokens or 0) < 4 for record in result.records())
    assert len({record.head for record in result.records()}) == 16


@pytest.mark.slow
def test_two_servers_get_the_same_heads(
    tmp_path: Path, caching: Callable[..., CachingServer], server: Loopback
) -> None:
    """So that both are asked the same, also where only one of them keeps prompts."""
    other = caching()

    result = measured(tmp_path, an_entry(server, "a"), against=an_entry(other, "b"))

    asked: dict[str, set[tuple[str, int, str]]] = {"a": set(), "b": set()}
    for record in result.records():
        asked[record.cell.model].add((record.sample, record.round, record.prompt))
    assert asked["a"] == asked["b"]
    assert len(asked["a"]) == 8


@pytest.mark.slow
def test_every_run_has_heads_of_its_own(
    tmp_path: Path, caching: Callable[..., CachingServer]
) -> None:
    """A server may run for longer than one run, and know what that asked."""
    server = caching()

    heads = [
        {record.head for record in measured(tmp_path, an_entry(server)).records()}
        for _ in range(2)
    ]

    assert len(heads[0] | heads[1]) == 8


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["single", "concurrent:2", "offline"])
def test_turns_of_a_conversation_share_a_head(
    tmp_path: Path, caching: Callable[..., CachingServer], scenario: str
) -> None:
    """They find what the turns before have left, and no first turn finds anything."""
    server = caching()

    result = measure_models(
        an_entry(server),
        "conversation/orders",
        scenario=scenario,
        samples=3,
        root=tmp_path,
    )

    heads: dict[str, set[str | None]] = defaultdict(set)
    for record in result.records():
        assert record.error is None
        heads[str(record.conversation)].add(record.head)
        cached, tokens = record.cached_tokens, record.prompt_tokens
        assert cached is not None
        assert tokens is not None
        # The role, and by chance the first number of a head.
        assert (cached > tokens / 4) if record.continues else cached < 4
    assert [len(own) for own in heads.values()] == [1, 1, 1]
    assert len({head for own in heads.values() for head in own}) == 3
