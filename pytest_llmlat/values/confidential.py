"""Keys, passwords and addresses: what may be shown of them, and who may see the rest.

A secret is a :class:`Secret` from where it is read to where it is sent, and an address
a :class:`WebAddress`: whatever prints one, a report, a log or a traceback that shows
local variables, prints what may be shown.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn, TypeAlias

OptionValue: TypeAlias = str | int | float | bool
HIDDEN = "***"
_VERSION = "api-version="
_ADDRESS = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)(?:[^\s/?#]*@)?"
    r"(?P<place>[^\s?#]*)(?:\?(?P<query>[^\s#]*))?"
    r"(?:(?P<name>#[^\s?]*)(?:\?\S*)?)?"
)
_USER = re.compile(r"^[^\s/:@]+:[^\s/@]*@(?=[\w.-]+(?::\d+)?(?:[/?#]|$))")
"""A user with a password before a host."""
_NEARLY = re.compile(r"^([A-Za-z][\w+.-]*(?::/|/{2,}))(?:[^\s@]*@)?(?=[\w.\[-])")
"""The beginning of an address whose ``://`` is misspelt."""
_TELLING = re.compile(
    r"auth(?!or(?!i))|bearer|cookie|credential|passw|pwd|secret|session|signature"
    r"|\bsig\b|key(?![ _-]?(?:cache|size|len|dim|d?type|word|board|head|frame))"
    r"|token(?!s|iz|_count)",
    re.IGNORECASE,
)
"""Names whose values are hidden; ``max_tokens`` and ``tokenizer`` are none."""
_PREFIXED = (
    r"(?:sk-|hf_|gsk_|r8_|nvapi-|glpat-|github_pat_|gh[pousr]_|xox[abopsr]-)[\w-]{12,}"
    r"|AKIA[0-9A-Z]{12,}|AIza[\w-]{20,}|eyJ[\w-]{8,}\.[\w.-]{8,}"
)
_KEYS = re.compile(rf"\b(?:{_PREFIXED})")
"""How keys of well-known services look, whatever they are called."""
_FORMS = re.compile(rf"\b(?:(?:Bearer|Basic|Token)\s+[\w.+/=~-]{{6,}}|{_PREFIXED})")
"""The same, and what stands in a head before a key."""
_ASSIGNED = re.compile(
    r"(?P<name>[\w-]*(?:key|token(?!s|iz|_count)|secret|passw|pwd|auth|\bsig)[\w-]*)="
    r"(?P<value>[^\s&;,#\]]+)",
    re.IGNORECASE,
)
"""A telling name with its value, as addresses write both behind ``?``."""
_QUOTED = re.compile(r'(?P<name>"[^"\\]*"\s*:\s*)"(?P<value>(?:[^"\\]|\\.)+)"')
"""A name with its value in JSON, also where the rest of it is cut off."""
_LETS_IN = re.compile(r"://(?:[^\s/?#:@]*:)?(?P<password>[^\s/?#]+)@")
"""A user or a password in an address."""
_ASKED = re.compile(r"[?&](?!api-version=)[^\s=&#]*=(?P<value>[^\s&#]+)")
"""What an address asks for behind ``?``."""
_RANDOM = re.compile(
    r"(?=(?:[A-Za-z]*\d){3})(?=(?:\d*[A-Za-z]){3})[A-Za-z0-9+/]{20,}=*"
)
"""A text like that says nothing to a person."""
_COMMANDS = ("args", "program")
"""Options of an engine that are words of a command."""
_VARIABLES = re.compile(r"(?:[A-Za-z]+ )?(?:\$\{[A-Za-z_][A-Za-z0-9_]*\})+")


class Secret:
    """A text that is shown nowhere; who sends it asks for it by :meth:`reveal`.

    ``repr``, ``str``, ``format`` and what is made of them show ``***`` or another text
    that may be shown. It is no string, so that JSON refuses it, and it is not pickled.
    """

    __slots__ = ("_shown", "_value")

    def __init__(self, value: str, *, shown: str = HIDDEN) -> None:
        """Take the text, and what stands for it."""
        self._value = value
        self._shown = shown

    def reveal(self) -> str:
        """Return the text itself."""
        return self._value

    @property
    def shown(self) -> str:
        """What may be shown of it."""
        return self._shown

    def __repr__(self) -> str:
        """Return what may be shown."""
        return self._shown

    def __str__(self) -> str:
        """Return what may be shown."""
        return self._shown

    def __format__(self, spec: str) -> str:
        """Format what may be shown."""
        return format(self._shown, spec)

    def __bool__(self) -> bool:
        """Whether there is any text."""
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        """Whether both hide the same."""
        return isinstance(other, Secret) and self._value == other.reveal()

    def __hash__(self) -> int:
        """Hash what is hidden."""
        return hash(self._value)

    def __copy__(self) -> Secret:
        """Return itself: it never changes."""
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        """Return itself: it never changes."""
        return self

    def __reduce__(self) -> NoReturn:
        """Refuse to be written.

        Raises:
            TypeError: always.
        """
        raise TypeError("a secret is not pickled: read it again where it is needed")


class WebAddress(Secret):
    """An address of a server; user, password and query are shown nowhere."""

    __slots__ = ()

    def __init__(self, text: str) -> None:
        """Take an address as it was given."""
        super().__init__(text, shown=shown_given(text))


class ConfidentialTable(dict[str, Any]):
    """An entry or a request as names and values; ``repr`` hides those of keys."""

    def __repr__(self) -> str:
        """Return what may be shown."""
        return repr(shown_body(self))


class Variables(Mapping[str, str]):
    """Variables of the environment, of which ``repr`` shows nothing."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, str]) -> None:
        """Look into ``values``, which may change."""
        self._values = values

    def __getitem__(self, name: str) -> str:
        """Return the value of a variable."""
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        """Go through the names."""
        return iter(self._values)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._values)

    def __repr__(self) -> str:
        """Say how many there are."""
        return f"<{len(self)} variables of the environment>"


def as_secret(value: str | Secret) -> Secret:
    """Return a text as a secret, unless it is one."""
    return value if isinstance(value, Secret) else Secret(value)


def as_address(value: str | Secret | None) -> WebAddress | None:
    """Return an address as one that hides its user, its password and its query."""
    if value is None or isinstance(value, WebAddress):
        return value
    return WebAddress(value.reveal() if isinstance(value, Secret) else value)


def as_option(name: str, value: OptionValue | Secret) -> OptionValue | Secret:
    """Return an entry's option as a secret, where a part of it is not to be shown."""
    if not isinstance(value, str):
        return value
    if name in _COMMANDS:
        return as_command(value)
    shown = HIDDEN if _TELLING.search(name) and value else shown_text(value)
    return value if shown == value else Secret(value, shown=shown)


def as_command(value: str) -> str | Secret:
    """Return a command as a secret, where a part of it is not to be shown."""
    shown = _shown_command(value)
    return value if shown == value else Secret(value, shown=shown)


def revealed(value: OptionValue | Secret) -> OptionValue:
    """Return an option as it was given."""
    return value.reveal() if isinstance(value, Secret) else value


def shown_option(name: str, value: OptionValue | Secret) -> OptionValue:
    """Return what may be shown of an entry's option."""
    found = as_option(name, value)
    return found.shown if isinstance(found, Secret) else found


def shown_header(name: str, value: str) -> str:
    """Return what may be shown of a header in an entry: variables may."""
    if _VARIABLES.fullmatch(value):
        return value
    return HIDDEN if _TELLING.search(name) else _shown_text_of_body(value)


def shown_address(text: str) -> str:
    """Return a text in which addresses have no user, no password and no query.

    Nor a part of their path that looks like a key of a well-known service. What stands
    behind ``?`` may be a key; ``api-version`` is none, and stays, since it tells
    servers apart.
    """
    return _ADDRESS.sub(_shown, text)


def _shown(found: re.Match[str]) -> str:
    pairs = (found["query"] or "").split("&")
    kept = "&".join(pair for pair in pairs if pair.startswith(_VERSION))
    query = f"?{kept}" if kept else ""
    place = without_keys(found["place"])
    return f"{found['scheme']}{place}{query}{found['name'] or ''}"


def without_keys(text: str) -> str:
    """Return a text with ``***`` for what looks like a key of a well-known service."""
    return _KEYS.sub(HIDDEN, text)


def shown_given(text: str) -> str:
    """Return what somebody typed for a name: an address may lack its ``http://``.

    Or have it misspelt: then nothing before ``@`` and behind ``?`` is shown either.
    """
    shown = shown_address(text)
    if _NEARLY.match(shown):
        shown = _NEARLY.sub(r"\1", shown).partition("?")[0]
    return _USER.sub("", shown)


def shown_text(text: str) -> str:
    """Return a text without what lets somebody in.

    Addresses have no user and no query, JSON no values of telling names, and nothing is
    left that looks like a key of a well-known service or stands behind ``token=``.
    """
    if text.lstrip()[:1] in ("{", "["):
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, dict | list):
            shown = _shown_value(found)
            return text if shown == found else json.dumps(shown, ensure_ascii=False)
    bare = _FORMS.sub(HIDDEN, shown_address(text))
    bare = _QUOTED.sub(_shown_pair, bare)
    return _ASSIGNED.sub(lambda told: f"{told['name']}={HIDDEN}", bare)


def _shown_pair(found: re.Match[str]) -> str:
    return f'{found["name"]}"{HIDDEN}"' if _TELLING.search(found["name"]) else found[0]


def shown_words(words: Sequence[str]) -> list[str]:
    """Return words of a command without keys, and addresses without passwords."""
    found: list[str] = []
    name = ""
    for word in words:
        given = word.startswith("-")
        if name and not given:
            found.append(_shown_word(name, word))
        elif given and "=" in word:
            key, _, value = word.partition("=")
            found.append(f"{key}={_shown_word(key, value)}")
        else:
            found.append(_shown_word("", word))
        name = word if given and "=" not in word else ""
    return found


def _shown_word(name: str, text: str) -> str:
    """Return a word as it may be shown, given the flag before it."""
    if _VARIABLES.fullmatch(text):
        return text
    (told,) = shown_body({name: text}).values()
    return str(told) if name else shown_text(text)


def _shown_command(text: str) -> str:
    """Return words as a shell or a list has them, as they may be shown."""
    listed = text.startswith("[")
    try:
        words = json.loads(text) if listed else shlex.split(text)
        shown = shown_words(words)
    except (ValueError, TypeError, AttributeError, RecursionError):
        return HIDDEN
    if shown == words:
        return text
    return json.dumps(shown) if listed else shlex.join(shown)


def hidden_in(value: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON value
    """Yield what is not shown of a JSON value: the texts that let somebody in."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(inner) if _TELLING.search(name) else hidden_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from hidden_in(inner)
    elif isinstance(value, str) and _shown_text_of_body(value) != value:
        if _shown_text_of_body(value) == HIDDEN:
            yield value
        for form in (_LETS_IN, _ASKED, _FORMS, _ASSIGNED):
            for found in form.finditer(value):
                yield found[found.lastindex or 0]


def _leaves(value: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON value
    """Yield all texts and numbers inside of a JSON value."""
    if isinstance(value, Mapping | list):
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from _leaves(inner)
    elif value not in (None, True, False, ""):
        yield str(value)


def shown_body(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a JSON object with ``***`` for the values of names that tell of keys."""
    return {
        name: HIDDEN if _TELLING.search(name) and value else _shown_value(value)
        for name, value in body.items()
    }


def shown_entry(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry of a model as it may be shown, to be copied by a person."""
    found = dict(values)
    if isinstance(url := values.get("url"), str):
        found["url"] = shown_address(url)
    if isinstance(headers := values.get("headers"), dict):
        found["headers"] = {name: shown_header(name, v) for name, v in headers.items()}
    if isinstance(options := values.get("options"), dict):
        found["options"] = {
            name: _shown_setting(name, v) for name, v in options.items()
        }
    if isinstance(command := values.get("command"), str):
        found["command"] = _shown_command(command)
    return found


def _shown_setting(name: str, value: Any) -> Any:  # noqa: ANN401 - any TOML value
    """Return what may be shown of an option as it stands in an entry."""
    if isinstance(value, dict):
        texts = {n: v for n, v in value.items() if isinstance(v, str)}
        shown = {n: shown_header(n, v) for n, v in texts.items()}
        return {**shown_body({**value, **dict.fromkeys(texts)}), **shown}
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return shown_words(value)
    return shown_option(name, value)


def _shown_value(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, Mapping):
        return shown_body(value)
    if isinstance(value, list):
        return [_shown_value(each) for each in value]
    return _shown_text_of_body(value) if isinstance(value, str) else value


def _shown_text_of_body(text: str) -> str:
    return HIDDEN if _RANDOM.fullmatch(text) else shown_text(text)
