"""Take the pictures of the README, the docs and the articles from stored runs. By hand.

    python tests/screenshots.py            # all
    python tests/screenshots.py watch docs # of these kinds

Kinds: ``report`` (light, dark, phone), ``load``, ``gate``, ``watch`` and ``docs`` are
written to docs/screenshots; ``article`` draws the plots of each docs/reports/* anew.
Runs are those of the newest archive there. Needs playwright, the extra ``report``, a
Chromium of the system, and for ``docs`` mkdocs-material and mkdocstrings.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import functools
import http.server
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmlat.command import main as llmlat

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "screenshots"
ARCHIVES = sorted((ROOT / "docs" / "reports").glob("*/records.tar.gz"))
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
DRAWN = "html[data-plots]"
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1280, "height": 1500}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 1500}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 1500}, "color_scheme": "light"},
}
COMPARED = ("small", "torch", "cascade", "mlx", "slower")
"""Steps of benchmarks/report.sh whose models may have answered all tasks."""


class Camera:
    """A browser that takes pictures of pages."""

    def __init__(self, browser: Any) -> None:  # noqa: ANN401 - playwright has no types here
        """Use a browser that runs."""
        self._browser = browser

    @contextmanager
    def page(self, url: str, look: str, *, ready: str = "body") -> Iterator[Any]:
        """Open a page until the block ends.

        Args:
            url: of the page.
            look: one of ``LOOKS``.
            ready: a selector that is there when the page is drawn.
        """
        # The page's own policy forbids the style by which a picture is taken.
        context = self._browser.new_context(
            bypass_csp=True, reduced_motion="reduce", **LOOKS[look]
        )
        page = context.new_page()
        page.goto(url)
        page.wait_for_selector(ready, state="attached")
        yield page
        context.close()

    def take(self, url: str, name: str, looks: Sequence[str] = tuple(LOOKS)) -> None:
        """Write the top of a page as ``NAME-LOOK.png``."""
        for look in looks:
            ready = DRAWN if url.endswith("report.html") else "body"
            with self.page(url, look, ready=ready) as page:
                _write(page, f"{name}-{look}")


def _write(part: Any, name: str) -> None:  # noqa: ANN401 - a page, or a part of one
    path = PICTURES / f"{name}.png"
    part.screenshot(path=path)
    sys.stdout.write(f"{path.relative_to(ROOT)}  {path.stat().st_size / 1000:.0f} kB\n")


@contextmanager
def runs(archive: Path) -> Iterator[Path]:
    """Unpack the runs of an article."""
    with tempfile.TemporaryDirectory() as folder, tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
        yield Path(folder)


def of_all_tasks(stored: Path) -> list[str]:
    """Return the steps whose models answered as many tasks as those of the first."""
    asked = {}
    for name in COMPARED:
        path = stored / name / "summary.json"
        if path.is_file():
            cells = json.loads(path.read_text("utf-8"))["cells"]
            asked[name] = {cell["task"] for cell in cells}
    return [name for name, tasks in asked.items() if tasks == asked["small"]]


def report_page(stored: Path, *names: str) -> str:
    """Return the address of a page of some runs, made anew."""
    folders = [str(stored / name) for name in names if (stored / name).is_dir()]
    out = stored / f"page-{names[0]}"
    if llmlat(["report", *folders, "--out", str(out)]):
        raise SystemExit(f"no page of {folders}")
    return (out / "report.html").as_uri()


def report(camera: Camera) -> None:
    """Take the page of a comparison."""
    with runs(ARCHIVES[-1]) as stored:
        camera.take(report_page(stored, *of_all_tasks(stored)), "report")


def load(camera: Camera) -> None:
    """Take the curves of a load."""
    with runs(ARCHIVES[-1]) as stored:
        url = report_page(stored, "load")
        with camera.page(url, "light", ready=DRAWN) as page:
            _write(page.locator("#loads"), "load-light")


def gate(camera: Camera) -> None:
    """Take a page whose gate has failed."""
    with runs(ARCHIVES[-1]) as stored:
        camera.take(report_page(stored, "gate"), "gate", ["light"])


def watch(camera: Camera) -> None:
    """Take the page of a run that is under way: half of a stored one."""
    with runs(ARCHIVES[-1]) as stored, _under_way(stored / "small") as folder:
        command = [sys.executable, "-m", "pytest_llmlat.command", "watch", "--page"]
        with subprocess.Popen(  # noqa: S603 - our own command
            [*command, "0", str(folder)], stdout=subprocess.PIPE, text=True
        ) as watching:
            assert watching.stdout is not None
            url = next(w for w in watching.stdout.readline().split() if "://" in w)
            for look in LOOKS:
                with camera.page(url, look) as page:
                    page.wait_for_selector("td")
                    part = page if look == "phone" else page.locator("body")
                    _write(part, f"watch-{look}")
            watching.terminate()


@contextmanager
def _under_way(folder: Path) -> Iterator[Path]:
    """Make a run look as it did when half of its records were there."""
    (folder / "summary.json").unlink()
    records = folder / "records.jsonl"
    lines = records.read_text("utf-8").splitlines(keepends=True)
    kept = lines[: len(lines) // 2 + 5]
    records.write_text("".join(kept), "utf-8")
    begun = {json.loads(line)["cell"] for line in kept}
    going = json.loads(kept[-1])["cell"]
    cells = [json.loads(line) for line in (folder / "cells.jsonl").open("rb")]
    (folder / "cells.jsonl").write_text(
        "".join(
            f"{json.dumps(cell)}\n"
            for cell in cells
            if cell["cell"] in begun and (cell["cell"] != going or not cell["finished"])
        ),
        "utf-8",
    )
    told = json.loads((folder / "run.json").read_text("utf-8"))
    took = told.pop("seconds", None) or told["sittings"][-1].pop("seconds", 60.0)
    told["sittings"][-1].pop("seconds", None)
    started = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=took / 2)
    told["sittings"][-1] |= {"started": started.isoformat(), "host": platform.node()}
    (folder / "run.json").write_text(json.dumps(told), "utf-8")
    # A process that measures holds this lock, and then the run is under way.
    descriptor = os.open(folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield folder
    finally:
        os.close(descriptor)


def docs(camera: Camera) -> None:
    """Take the first page of the docs site, which is built for it."""
    with tempfile.TemporaryDirectory() as site:
        build = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", site]
        subprocess.run(build, cwd=ROOT, check=True)  # noqa: S603 - our own docs
        with _served(site) as address:
            camera.take(f"{address}/", "docs")


@contextmanager
def _served(folder: str) -> Iterator[str]:
    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Write nothing of each request."""

    handler = functools.partial(Handler, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def article(camera: Camera) -> None:
    """Draw the plots of each article from its records."""
    for archive in ARCHIVES:
        with runs(archive) as stored:
            url = report_page(stored, *of_all_tasks(stored))
            with camera.page(url, "light", ready=DRAWN) as page:
                for plot, name in (("plane", "plane"), ("quality", "tasks")):
                    path = archive.with_name(f"{name}.png")
                    page.locator(f"#plot-{plot}").screenshot(path=path)
                    sys.stdout.write(f"{path.relative_to(ROOT)}\n")
            if not (stored / "load").is_dir():
                continue
            url = report_page(stored, "load")
            with camera.page(url, "light", ready=DRAWN) as page:
                path = archive.with_name("load.png")
                page.locator("#loads .two").screenshot(path=path)
                sys.stdout.write(f"{path.relative_to(ROOT)}\n")


KINDS = {kind.__name__: kind for kind in (report, load, gate, watch, docs, article)}


def main(names: Sequence[str]) -> None:
    """Take the pictures of some kinds, or of all."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - not for readers

    unknown = [name for name in names if name not in KINDS]
    if unknown:
        raise SystemExit(f"screenshots.py: unknown {unknown}; there are {[*KINDS]}")
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        raise SystemExit("screenshots.py: no Chromium here: apt-get install chromium")
    with sync_playwright() as driver:
        # Containers let no sandbox be made, and the pages are our own.
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for name in names or KINDS:
            KINDS[name](Camera(browser))
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
