"""A server of one page for a browser of this machine."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from pytest_llmlat.values.errors import UsageError

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

HOME = "127.0.0.1"
_LARGEST = 65535
_LOOK_S = 0.05
"""How often it looks whether it is to end, so that to end takes no longer."""


class PageServer:
    """A server at 127.0.0.1 that shows a text as HTML to whoever asks for ``/``."""

    def __init__(self, port: int, policy: str) -> None:
        """Listen; answers nothing before it is entered.

        Args:
            port: where; 0 for a free one.
            policy: content security policy of the page.

        Raises:
            UsageError: the port is another's, or none.
        """
        if not 0 <= port <= _LARGEST:
            raise UsageError(f"--page {port}: a port is between 0 and {_LARGEST}")
        self._page, self._last = b"", False
        self._read = threading.Event()
        try:
            self._server = ThreadingHTTPServer((HOME, port), self._handler(policy))
        except OSError as error:
            raise UsageError(
                f"--page {port}: cannot listen there: {error.strerror}; leave the"
                " number out for a free one"
            ) from error
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_LOOK_S,), daemon=True
        )

    @property
    def address(self) -> str:
        """Address for a browser."""
        return f"http://{HOME}:{self._server.server_address[1]}/"

    def show(self, text: str, *, last: bool = False) -> None:
        """Show another text from now on.

        Args:
            text: of the page.
            last: no other comes after it.
        """
        self._page, self._last = text.encode("utf-8", "replace"), last

    def wait_for_reader(self, most_s: float) -> None:
        """Wait until somebody has read the last text, for some seconds at most."""
        self._read.wait(most_s)

    def __enter__(self) -> Self:
        """Begin to answer."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self, policy: str) -> type[BaseHTTPRequestHandler]:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            """Answers a request: with the page, or that there is no such thing."""

            def do_GET(self) -> None:
                """Answer whoever names this machine; a foreign page's script does not.

                A name of elsewhere that was made to lead here is told by its host.
                """
                port = owner._server.server_address[1]
                hosts = (f"{HOME}:{port}", f"localhost:{port}")
                if self.headers.get("Host") not in hosts:
                    self.send_error(403)
                elif self.path != "/":
                    self.send_error(404)
                else:
                    page, last = owner._page, owner._last
                    self.send_response(200)
                    self.send_header("Content-Type", "text/html; charset=utf-8")
                    self.send_header("Content-Length", str(len(page)))
                    self.send_header("Content-Security-Policy", policy)
                    self.send_header("Cache-Control", "no-store")
                    self.send_header("X-Content-Type-Options", "nosniff")
                    self.end_headers()
                    self.wfile.write(page)
                    if last:
                        owner._read.set()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
                """Write nothing of each request."""

        return Handler
