"""A headless Chromium of the system, and pages that are open in it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.report.page import write_page
from tests.browser.demo import a_demo
from tests.unit.page_contents import reader_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from pytest_llmlat.values.records import Record
    from pytest_llmlat.values.results import Scoreboard

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
DRAWN = "html[data-plots]"
"""Set when the plots are drawn, or when it is clear that there will be none."""


@dataclass(slots=True)
class Heard:
    """What a browser told while a page was open."""

    console: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Opened:
    """A page in a browser, and what was heard of it."""

    page: Any
    heard: Heard
    url: str

    def quiet(self) -> bool:
        """Whether it ran without a complaint and asked for nothing but itself."""
        heard = self.heard
        others = [url for url in heard.requests if url != self.url]
        return not (heard.console or heard.errors or heard.dialogs or others)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Start the browser; without one there is nothing to test."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed"
    )
    pytest.importorskip("plotly", reason="the extra 'report' is not installed")
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        # Containers let no sandbox be made, and the pages are our own.
        running = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the page of a run that looks like a real one."""
    path = tmp_path_factory.mktemp("demo") / "report.html"
    told, board, records = a_demo()
    write_page(path, told, board, reader_of(records))
    return path


@pytest.fixture
def open_page(browser: Any) -> Iterator[Callable[..., Opened]]:  # noqa: ANN401 - no types
    """Open pages, each in a window of its own."""
    contexts = []

    def opened(path: Path, *, width: int = 1280, **options: Any) -> Opened:  # noqa: ANN401
        context = browser.new_context(
            viewport={"width": width, "height": 800}, reduced_motion="reduce", **options
        )
        contexts.append(context)
        page, heard = context.new_page(), Heard()
        page.set_default_timeout(60_000)
        page.on("console", lambda message: heard.console.append(message.text))
        page.on("pageerror", lambda error: heard.errors.append(str(error)))
        page.on("request", lambda request: heard.requests.append(request.url))

        def dismissed(dialog: Any) -> None:  # noqa: ANN401 - no types
            heard.dialogs.append(dialog.message)
            dialog.dismiss()

        page.on("dialog", dismissed)
        page.goto(path.as_uri())
        page.wait_for_selector(DRAWN, state="attached")
        return Opened(page, heard, path.as_uri())

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def open_run(open_page: Callable[..., Opened], tmp_path: Path) -> Callable[..., Opened]:
    """Write the page of a run and open it."""

    def opened(
        board: Scoreboard,
        records: Iterable[Record] = (),
        run: dict[str, Any] | None = None,
        **options: Any,  # noqa: ANN401 - of the browser
    ) -> Opened:
        path = tmp_path / "report.html"
        write_page(path, run or {"id": "r"}, board, reader_of(records))
        return open_page(path, **options)

    return opened
