"""Hugging Face's cloud, played by a server on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.backends import hub_inference, open_backend
from pytest_llmlat.machine.hub_token import find_token
from pytest_llmlat.values.entities import Deployment, ModelSpec
from pytest_llmlat.values.errors import ServerUnavailable
from tests.http.asking import CLOCK, answered, ask, error_of, url_of
from tests.http.loopback import complaint

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import Scalar
    from tests.http.loopback import Loopback

TOKEN = "hf_abcdefghijklmnop"  # noqa: S105 - a token that opens nothing


@pytest.fixture(autouse=True)
def _no_token_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Look for the token's file in an empty folder."""
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.delenv("HF_TOKEN_PATH", raising=False)


def deployed(weights: str | None = "org/name", **options: Scalar) -> Deployment:
    """Return a model on the hub's device."""
    model = ModelSpec(
        name="mine",
        backend="transformers",
        devices=("hf",),
        weights=weights,
        options=tuple(options.items()),
    )
    return Deployment(model=model, device="hf")


def test_a_model_by_the_router(
    server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked for by its name and the provider's, with the token, unchecked."""
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    model = hub_inference.open_model(
        deployed(router=url_of(server), provider="groq"), CLOCK
    )

    text = answered(model)
    model.close()

    assert text == "Hello you"
    assert [head.split()[1] for head, _ in server.requests] == ["/v1/chat/completions"]
    assert server.posted[0]["model"] == "org/name:groq"
    assert f"\r\nAuthorization: Bearer {TOKEN}" in server.requests[0][0]


def test_the_device_decides(server: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any entry with a hub id runs in the cloud on the cloud's device."""
    monkeypatch.setenv("HF_TOKEN", TOKEN)

    model = open_backend(deployed(router=url_of(server)), CLOCK)
    model.close()

    assert model.facts["model"] == "org/name"


@pytest.mark.parametrize("path", ["", "/v1"])
def test_a_dedicated_endpoint(
    server: Loopback, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """It has one model, and its address may be given without the path."""
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    endpoint = f"http://127.0.0.1:{server.port}{path}"

    model = hub_inference.open_model(deployed("tiny", endpoint=endpoint), CLOCK)
    text = answered(model)
    model.close()

    assert text == "Hello you"
    assert server.requests[0][0].startswith("GET /v1/models ")


def test_the_router_by_default() -> None:
    """The address is Hugging Face's own."""
    assert hub_inference.ROUTER == "https://router.huggingface.co/v1"


def test_no_token() -> None:
    """It is said where to make one."""
    with pytest.raises(ServerUnavailable) as caught:
        hub_inference.open_model(deployed(), CLOCK)

    assert "no Hugging Face token; make a token" in str(caught.value)
    assert "export HF_TOKEN" in str(caught.value)


def test_a_token_that_is_not_let_in(
    server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable is named that holds it."""
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    server.scripts = [[complaint("401 Unauthorized", f"bad {TOKEN}")]]
    model = hub_inference.open_model(deployed(router=url_of(server)), CLOCK)

    error = error_of(ask(model))
    model.close()

    assert "bad ***; the key of variable HF_TOKEN was sent" in error


def test_where_the_token_is_looked_for(tmp_path: Path) -> None:
    """First the variables, then the file, as huggingface_hub does."""
    (tmp_path / "token").write_text("from-home\n", "utf-8")
    (tmp_path / "other").write_text("from-path\n", "utf-8")
    home = {"HF_HOME": str(tmp_path)}
    path = {**home, "HF_TOKEN_PATH": str(tmp_path / "other")}
    old = {**path, "HUGGING_FACE_HUB_TOKEN": "from-old"}
    new = {**old, "HF_TOKEN": "from-new"}

    found = [find_token(environ) for environ in (home, path, old, new)]

    assert [key.value.reveal() for key in found if key] == [
        "from-home",
        "from-path",
        "from-old",
        "from-new",
    ]
    assert find_token({"HF_HOME": str(tmp_path / "none")}) is None
    assert find_token(new, variable="MINE") is None


def test_no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """The router has no model of its own."""
    monkeypatch.setenv("HF_TOKEN", TOKEN)

    with pytest.raises(ServerUnavailable, match="write ORG/NAME"):
        hub_inference.open_model(deployed(None), CLOCK)


def test_a_user_without_a_home_has_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some containers have neither HOME nor an entry for their user."""

    def nowhere(_: Path) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "expanduser", nowhere)

    assert find_token({}) is None
