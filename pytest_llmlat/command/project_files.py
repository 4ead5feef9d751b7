"""The files of a project that measures a model: their texts, and their writing."""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from pytest_llmlat.command.extras import PACKAGE
from pytest_llmlat.values.bundled import bundled
from pytest_llmlat.values.errors import UsageError
from pytest_llmlat.values.toml_text import toml_key, toml_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_llmlat.command.project_wish import ProjectWish
    from pytest_llmlat.tasks.own_rows import OwnRows
    from pytest_llmlat.values.entities import ModelSpec

Written: TypeAlias = Literal["written", "same", "kept", "overwritten"]
"""What became of a file; one that was there already and differs is kept."""
INI = "pytest.ini"
_BEGIN, _END = "# limits begin", "# limits end"
_SAMPLES = 24
_OWN_SAMPLES = 60
_BUDGET_S = 2.0
_WORD = re.compile(r"[^0-9A-Za-z]+")
_LONGEST_TOKENS = {"labels": 12, "numbers": 256, "texts": 160}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectPlan:
    """All that the files say."""

    folder: Path
    """Folder of the benchmarks, seen from the project's."""
    name: str
    """Model, as it is called from now on."""
    entry: ModelSpec | None
    """Entry to write for it; ``None`` where a catalogue has it already."""
    wish: ProjectWish
    rows: OwnRows | None
    """The user's own rows; ``None`` for none."""
    extras: tuple[str, ...]
    """Extras of this package that a CI has to install."""
    limits: tuple[str, ...]
    """Limits, a line each."""

    @property
    def own_task(self) -> str | None:
        """Name of the task of the user's own rows."""
        if self.wish.data is None:
            return None
        name = plain_name(self.wish.data.name.split(".")[0]).replace("-", "_")
        return f"own/{name}"

    @property
    def base_name(self) -> str | None:
        """Name of the entry of an adapter's base; ``None`` where there is none."""
        if self.entry is None or self.entry.adapter is None:
            return None
        return f"{self.name}-base"


def plain_name(text: str) -> str:
    """Return a name of letters, digits and dashes, made of any text."""
    return _WORD.sub("-", text).strip("-").lower() or "mine"


def texts_of(plan: ProjectPlan) -> dict[Path, str]:
    """Return the text of each file, by its path from the project's folder."""
    values = _values(plan)
    inside = {
        INI: INI,
        "conftest.py": "conftest.py.txt",
        "test_models.py": "test_models.py.txt",
        "models.toml": "models.toml",
        "tasks.toml": "tasks.toml",
        "requirements.txt": "requirements.txt",
    }
    found = {plan.folder / n: _rendered(file, values) for n, file in inside.items()}
    if plan.wish.ci == "github":
        workflow = Path(".github", "workflows", "llmlat.yml")
        found[workflow] = _rendered("github.yml", values)
    if plan.wish.ci == "gitlab":
        found[plan.folder / "gitlab-ci.yml"] = _rendered("gitlab.yml", values)
    return found


def write(texts: Mapping[Path, str], root: Path, *, force: bool) -> dict[Path, Written]:
    """Write files, and return what became of each.

    Args:
        texts: by path from the project's folder.
        root: the project's folder.
        force: a file that differs is written over; else it stays as it is.
    """
    done: dict[Path, Written] = {}
    for path, text in texts.items():
        place = root / path
        there = place.read_text("utf-8") if place.is_file() else None
        if there == text:
            done[path] = "same"
        elif there is not None and not force:
            done[path] = "kept"
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, "utf-8")
            done[path] = "written" if there is None else "overwritten"
    return done


def with_limits(text: str, limits: Sequence[str], *, where: Path) -> str:
    """Return an ini file with other limits between its two marks.

    Raises:
        UsageError: it has no such marks; says what to write.
    """
    lines = text.splitlines()
    begins = [n for n, line in enumerate(lines) if line.startswith(_BEGIN)]
    ends = [n for n, line in enumerate(lines) if line.startswith(_END)]
    told = ["llm_limit =", *(f"    {line}" for line in limits)]
    if len(begins) != 1 or len(ends) != 1 or begins[0] > ends[0]:
        raise UsageError(
            f"{where}: has no place for limits (a line '{_BEGIN}' and a line '{_END}');"
            " write these yourself:\n" + "\n".join(told)
        )
    return "\n".join([*lines[: begins[0] + 1], *told, *lines[ends[0] :], ""])


def _rendered(name: str, values: Mapping[str, Any]) -> str:
    from jinja2 import Environment, StrictUndefined

    # Nothing of it is HTML; a workflow has braces of its own.
    environment = Environment(  # noqa: S701 - as above
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    text = bundled("init", name).read_text("utf-8")
    rendered: str = environment.from_string(text).render(values)
    return rendered


def _values(plan: ProjectPlan) -> dict[str, Any]:
    tests = [_test(name, _SAMPLES) for name in plan.wish.tasks]
    task = None
    if plan.own_task is not None and plan.rows is not None:
        tests.insert(0, _test(plan.own_task, min(plan.rows.count, _OWN_SAMPLES)))
        task = {"key": toml_value(plan.own_task), "lines": [*_task_lines(plan)]}
    seen = [plan.wish.data.as_posix()] if plan.wish.data else []
    return {
        "folder": plan.folder.as_posix(),
        "name": plan.name,
        "shell_name": shlex.quote(plan.name),
        "key": toml_key(plan.name),
        "base_key": toml_key(plan.base_name) if plan.base_name else None,
        "entry": [*_entry_lines(plan)] if plan.entry else [],
        "adapter": _adapter_of(plan),
        "tests": tests,
        "task": task,
        "limits": plan.limits,
        "extras": ",".join(plan.extras),
        "version": version(PACKAGE),
        "paths": [path for path in seen if not path.startswith(("/", ".."))],
    }


def _test(task: str, samples: int) -> dict[str, Any]:
    name = plain_name(task).replace("-", "_")
    return {"name": name, "task": task, "samples": samples}


def _entry_lines(plan: ProjectPlan) -> Iterator[str]:
    """Yield the keys of a model's entry; a path begins where the file lies."""
    entry = plan.entry
    if entry is None:
        return
    yield f"backend = {toml_value(entry.backend)}"
    if entry.url is not None:
        yield f"url = {toml_value(str(entry.url))}"
    if entry.weights is not None:
        yield f"weights = {toml_value(_seen_from(plan.folder, entry.weights))}"
    yield f"devices = {toml_value(list(entry.devices))}"


def _adapter_of(plan: ProjectPlan) -> str | None:
    """Return where a model's adapter lies, as TOML."""
    if plan.entry is None or plan.entry.adapter is None:
        return None
    seen = _seen_from(plan.folder, plan.entry.adapter)
    return toml_value(seen)


def _seen_from(folder: Path, weights: str) -> str:
    """Return where weights lie as a file of the folder says it; a hub id stays."""
    path = Path(weights)
    if path.is_absolute() or not path.exists():
        return weights
    seen = Path(os.path.relpath(path, folder)).as_posix()
    return seen if seen.startswith("../") else f"./{seen}"


def _task_lines(plan: ProjectPlan) -> Iterator[str]:
    """Yield the keys of the entry of the user's own rows."""
    rows, data = plan.rows, plan.wish.data
    if rows is None or data is None:
        return
    source = (
        data.as_posix() if data.is_absolute() else _seen_from(plan.folder, str(data))
    )
    yield f"source = {toml_value(source)}  # {rows.count} rows"
    yield f"reference = {toml_value('answer')}"
    yield f"mapping.question = {toml_value(_column(rows.question))}"
    yield f"mapping.answer = {toml_value(_column(rows.answer, text=True))}"
    if not rows.has_ids:
        yield "mapping.id = \"'row-' ~ (index + 1)\""
    if rows.kind == "labels":
        yield f"labels = {toml_value(rows.labels)}"
    yield f"extractor = {toml_value(rows.kind.removesuffix('s'))}"
    yield f"metric = {toml_value(metric_of(rows))}"
    yield f"max_new_tokens = {_LONGEST_TOKENS[rows.kind]}"
    budget = plan.wish.seconds or _BUDGET_S
    yield f"budget_s = {budget:g}  # an answer that takes this long earns half of speed"
    yield f"chat_prompt = {toml_value(_prompt(rows))}"
    yield 'completion_prompt = "Question: {{ question }}\\nAnswer:"'
    yield 'completion_stop = ["\\n"]'


def metric_of(rows: OwnRows) -> str:
    """Return the metric of the user's own rows."""
    return "rouge" if rows.kind == "texts" else "accuracy"


def _column(name: str, *, text: bool = False) -> str:
    """Return the expression of a column, whatever letters its name has."""
    word = name if name.isidentifier() else f"columns[{name!r}]"
    return f"{word} | string" if text else word


def _prompt(rows: OwnRows) -> str:
    if rows.kind == "labels":
        return (
            "{{ question }}\n\nAnswer with one of these alone:"
            " {{ labels | join(', ') }}."
        )
    if rows.kind == "numbers":
        return "{{ question }}\n\nEnd with a line that has the number alone."
    return "{{ question }}"
