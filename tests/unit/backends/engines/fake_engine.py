"""A tiny engine: a real server in a process of its own, that does as it is told.

``python fake_engine.py --port PORT --name NAME``; what it does wrong, its flags say.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

WORDS = ("One", " two", " three", ".")
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    " print('child', flush=True); time.sleep(600)"
)


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class Engine(BaseHTTPRequestHandler):
    """Answers every question with the same four words."""

    protocol_version = "HTTP/1.1"
    settings: argparse.Namespace
    answered = 0

    def log_message(self, *_: object) -> None:
        """Print nothing."""

    def do_GET(self) -> None:
        """Say how it is, which models there are, and what was counted."""
        if self.path == "/health":
            self._send(b"{}")
        elif self.path == "/v1/models":
            listed = {"object": "list", "data": [{"id": self.settings.name}]}
            self._send(json.dumps(listed).encode())
        elif self.path == "/version":
            self._send(b'{"version": "7.1"}')
        elif self.path == "/metrics":
            self._send(f"fake:answers_total {Engine.answered}\n".encode())
        else:
            self._send(b"{}", status=404)

    def do_POST(self) -> None:
        """Answer, or die of it."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        Engine.answered += 1
        once, most = self.settings.once, self.settings.dies_after
        if most and Engine.answered > most and not (once and Path(once).exists()):
            if once:
                Path(once).touch()
            say("out of memory")
            os.kill(os.getpid(), signal.SIGKILL)
        chunks: list[dict[str, object]] = [
            {"delta": {"content": word}} for word in WORDS
        ]
        chunks.append({"delta": {}, "finish_reason": "stop"})
        if not asked.get("stream"):
            message = {"role": "assistant", "content": "".join(WORDS)}
            whole = {"choices": [{"message": message, "finish_reason": "stop"}]}
            self._send(json.dumps(whole).encode())
            return
        lines = [
            json.dumps({"choices": [{"index": 0, **each}]}).encode() for each in chunks
        ]
        usage = {"prompt_tokens": 5, "completion_tokens": len(WORDS), "total_tokens": 9}
        lines.append(json.dumps({"choices": [], "usage": usage}).encode())
        body = b"".join(b"data: " + line + b"\n\n" for line in [*lines, b"[DONE]"])
        self._send(body, kind="text/event-stream")

    def _send(
        self, body: bytes, *, status: int = 200, kind: str = "application/json"
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    """Serve until it is ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--name", default="fake")
    parser.add_argument("--dies-after", type=int, default=0)
    parser.add_argument("--once")
    parser.add_argument("--fails", action="store_true")
    parser.add_argument("--deaf", action="store_true")
    parser.add_argument("--children", type=int, default=0)
    parser.add_argument("--apart", action="store_true")
    parser.add_argument("--stubborn", action="store_true")
    parser.add_argument("--api-key")
    parser.add_argument("--pids")
    settings = parser.parse_args()
    say(f"starting with key {settings.api_key}")
    if settings.stubborn:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    children = [
        subprocess.Popen(  # noqa: S603 - our own interpreter and words
            [sys.executable, "-c", STUBBORN], start_new_session=settings.apart
        )
        for _ in range(settings.children)
    ]
    if settings.pids:
        pids = [os.getpid(), *(child.pid for child in children)]
        Path(settings.pids).write_text(" ".join(map(str, pids)), "ascii")
    if settings.fails:
        for number in range(60):
            say(f"line {number}")
        raise SystemExit(3)
    if settings.deaf:
        threading.Event().wait()
    Engine.settings = settings
    ThreadingHTTPServer(("127.0.0.1", settings.port), Engine).serve_forever()


if __name__ == "__main__":
    main()
