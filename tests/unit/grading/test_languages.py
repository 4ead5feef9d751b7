"""Every usual name of a language is that language, and no other name is one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.grading.languages import Language, language_of
from pytest_llmlat.values.errors import UnknownName


@pytest.mark.parametrize(
    ("names", "code", "script"),
    [
        ("zh zh_CN zh-SG zho chi cmn Chinese MANDARIN \u4e2d\u6587", "zh", "Hani"),
        ("zho_Hans zh-Hans-CN cmn_Hans", "zh", "Hans"),
        ("zho_Hant zh-Hant-TW", "zh", "Hant"),
        ("ja ja_JP ja_XX jpn jpn_Jpan Japanese \u65e5\u672c\u8a9e", "ja", "Jpan"),
        ("ko kor ko-KR Korean", "ko", "Kore"),
        ("kor_Hang", "ko", "Hang"),
        ("de DE deu ger de-AT de_DE.UTF-8 de_DE@euro German Deutsch", "de", None),
        ("en eng en-GB en_US en_XX English", "en", None),
        ("pt pt-BR por_Latn Portuguese", "pt", None),
        ("no nor Norwegian", "no", None),
        ("sr sr-Latn srp_Cyrl sr-Cyrl-RS", "sr", None),
        ("zho_Latn", "zh", None),
        ("ace_Latn ace_Arab", "ace", None),
        ("shn_Mymr", "shn", "Mymr"),
    ],
)
def test_the_usual_names_of_a_language_are_known(
    names: str, code: str, script: str | None
) -> None:
    """Codes of two and three letters, locales, codes with a script, and names."""
    for name in names.split():
        assert language_of(name, where="x") == Language(code=code, script=script), name


@pytest.mark.parametrize(
    "name", ["Chinese (Simplified)", "Chinese_(Traditional)", " chinese ", "Chinese-"]
)
def test_what_is_said_beside_a_name_is_left_aside(name: str) -> None:
    """Names come from forms and tables, with remarks in brackets."""
    assert language_of(name, where="x").code == "zh"


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("Chinees", "'chinese'"),
        ("Germna", "'german'"),
        ("englsh", "'english'"),
        ("ace", "needs its script, as in ace_Latn"),
        ("xx", "did you mean"),
        ("python", "did you mean"),
        ("de-toolongasubtag", "known: "),
        ("", "known: "),
    ],
)
def test_an_unknown_name_is_told_with_the_nearest(name: str, near: str) -> None:
    """A typo would be a wrong figure of a language that blanks do not split."""
    with pytest.raises(UnknownName, match="FILE: options: unknown language") as caught:
        language_of(name, where="FILE: options")

    assert near in str(caught.value)


@given(st.text(max_size=12))
def test_any_text_is_a_language_or_told(name: str) -> None:
    """Nothing else comes of what a user writes."""
    try:
        language = language_of(name, where="x")
    except UnknownName:
        return
    assert 2 <= len(language.code) <= 3


@pytest.mark.parametrize(
    ("name", "han", "korean", "unspaced"),
    [
        ("zh", True, False, True),
        ("ja", False, False, True),
        ("th", False, False, True),
        ("ko", False, True, False),
        ("vi", False, False, False),
    ],
)
def test_scripts_say_how_a_text_is_split(
    name: str, *, han: bool, korean: bool, unspaced: bool
) -> None:
    """What metrics ask of a language."""
    language = language_of(name, where="x")

    assert (language.han, language.korean, language.unspaced) == (han, korean, unspaced)
