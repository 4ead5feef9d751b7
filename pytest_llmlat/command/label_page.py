"""A page on this machine on which a person labels answers.

It listens on the loopback address alone, under a path that nobody can guess, has no
script, and asks for nothing from anywhere. What models wrote is shown as text.
"""

from __future__ import annotations

import secrets
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from pytest_llmlat.report.page.visible import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_llmlat.command.label_session import LabelItem, LabelSession

_MOST_BYTES = 10_000
_LOOKS_S = 0.2
"""Time between two looks whether the session is over."""
_SILENT_S = 30.0
"""Time after which a connection that asks nothing is closed."""
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 1.5rem auto;
  padding: 0 1rem; color: #1b1b1b; background: #fdfdfd; }
h1 { font-size: 1.1rem; } h2 { font-size: 1rem; margin: 1.2rem 0 .3rem; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: inherit; margin: 0;
  padding: .7rem .9rem; border: 1px solid #bbb; border-radius: 6px; background: #fff;
  max-height: 24rem; overflow: auto; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; }
form { margin: 1.2rem 0; }
.scores { display: flex; flex-direction: column; gap: .4rem; margin-bottom: .8rem; }
button { font: inherit; padding: .45rem .8rem; border: 1px solid #777;
  border-radius: 6px; background: #f2f2f2; cursor: pointer; text-align: left; }
button:hover, button:focus { background: #dcebf7; outline: 2px solid #0072b2; }
.ctl { border: 1px solid #999; border-radius: 3px; font-size: .8em; padding: 0 .2em; }
.quiet { color: #555; }
@media (prefers-color-scheme: dark) { body { background: #16181a; color: #e8e8e8; }
  pre, button { background: #202326; color: inherit; border-color: #555; }
  .quiet { color: #aaa; } }
"""


class LabelPage:
    """The page of a labelling session, until it is over."""

    def __init__(self, session: LabelSession) -> None:
        """Open a port; nothing is answered before :meth:`serve`."""
        self._session = session
        self._path = f"/{secrets.token_urlsafe(16)}"
        self._turn = threading.Lock()
        self.over = False
        page = self

        class LabelHandler(BaseHTTPRequestHandler):
            timeout = _SILENT_S

            def do_GET(self) -> None:
                with page._turn:
                    page.get(self)

            def do_POST(self) -> None:
                with page._turn:
                    page.post(self)

            def log_message(self, *_: object) -> None:
                """Write nothing: the path is a secret of this session."""

        # Browsers open connections that they may need later, and say nothing there.
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), LabelHandler)
        self._server.timeout = _LOOKS_S

    @property
    def address(self) -> str:
        """Address to open in a browser of this machine."""
        return f"http://127.0.0.1:{self._server.server_port}{self._path}"

    def serve(self) -> None:
        """Answer until the person ends, or nothing is left to label."""
        with self._server:
            while not self.over:
                self._server.handle_request()

    def get(self, request: BaseHTTPRequestHandler) -> None:
        """Show the next answer."""
        if request.path != self._path:
            request.send_error(HTTPStatus.NOT_FOUND)
            return
        item = self._session.next()
        self._send(request, _page(self._session, item))
        self.over = item is None

    def post(self, request: BaseHTTPRequestHandler) -> None:
        """Take a label, and show the next answer."""
        if request.path != self._path:
            request.send_error(HTTPStatus.NOT_FOUND)
            return
        sent = request.headers.get("Content-Length", "0")
        length = int(sent) if sent.isdecimal() else _MOST_BYTES
        if length >= _MOST_BYTES:
            request.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return
        fields = parse_qs(request.rfile.read(length).decode("utf-8", "replace"))
        typed, of = (fields.get(name, [""])[0] for name in ("score", "item"))
        if typed == "q":
            self._send(request, _page(self._session, None))
            self.over = True
            return
        item = self._session.next()
        # A page that was reloaded sends its label again: it is of an earlier answer.
        if item is not None and item.id == of:
            self._take(item, typed)
        request.send_response(HTTPStatus.SEE_OTHER)
        request.send_header("Location", self._path)
        request.send_header("Content-Length", "0")
        request.end_headers()

    def _take(self, item: LabelItem, typed: str) -> None:
        if typed == "s":
            self._session.skip(item)
            return
        score = self._session.score(item, typed)
        if score is not None:
            self._session.keep(item, score)

    def _send(self, request: BaseHTTPRequestHandler, text: str) -> None:
        body = text.encode("utf-8", "replace")
        request.send_response(HTTPStatus.OK)
        request.send_header("Content-Type", "text/html; charset=utf-8")
        request.send_header("Content-Length", str(len(body)))
        request.send_header("Content-Security-Policy", _POLICY)
        request.send_header("Cache-Control", "no-store")
        request.end_headers()
        request.wfile.write(body)


def label_on_page(session: LabelSession, tell: Callable[[str], None]) -> None:
    """Let a person label on a page, until all is labelled or the person ends.

    Args:
        session: what is to be labelled.
        tell: gets the sentence with the address.
    """
    page = LabelPage(session)
    tell(f"label at {page.address} (on this machine only; Ctrl-C ends it)")
    try:
        page.serve()
    except KeyboardInterrupt:
        return


def _page(session: LabelSession, item: LabelItem | None) -> str:
    rubric = session.rubric
    title = f"{session.done} of {session.planned} answers have a label"
    body = [f"<h1>{visible(title)}</h1>"]
    if item is None:
        body.append("<p>That is all; this page can be closed.</p>")
    else:
        criteria = " ".join(rubric.criteria.split())
        body.append(f'<p class="quiet">{visible(criteria)}</p>')
        body += _shown(item)
        body.append('<form method="post"><div class="scores">')
        body.append(f'<input type="hidden" name="item" value="{item.id}">')
        body += _buttons(session)
        body.append("</div>")
        body.append('<button name="score" value="s">skip</button>')
        body.append(' <button name="score" value="q">end</button></form>')
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>llmlat'
        f" label</title><style>{_STYLE}</style></head><body>{''.join(body)}</body>"
        "</html>"
    )


def _shown(item: LabelItem) -> Iterator[str]:
    yield f"<h2>Question</h2><pre>{_text(item.record.prompt)}</pre>"
    if len(item.answers) == 1:
        yield f"<h2>Answer</h2><pre>{_text(item.answers[0])}</pre>"
        return
    yield '<div class="pair">'
    for name, answer in zip("AB", item.answers, strict=True):
        yield f"<div><h2>Answer {name}</h2><pre>{_text(answer)}</pre></div>"
    yield "</div>"


def _text(text: str) -> str:
    """Return a text as markup: line ends stay, all else that acts is shown by name."""
    return "\n".join(str(visible(line)) for line in text.split("\n"))


def _buttons(session: LabelSession) -> Iterator[str]:
    rubric = session.rubric
    choices = [
        ("a", "A is better"),
        ("t", "as good as each other"),
        ("b", "B is better"),
    ]
    if not rubric.pairwise:
        scores = range(rubric.lowest, rubric.highest + 1)
        meanings = rubric.levels or [""] * len(scores)
        choices = [
            (str(score), f"{score}  {meaning}".rstrip())
            for score, meaning in zip(scores, meanings, strict=True)
        ]
    for value, meaning in choices:
        yield f'<button name="score" value="{value}">{visible(meaning)}</button>'
