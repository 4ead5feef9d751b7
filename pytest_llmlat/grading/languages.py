"""Which language a name means, whichever of the usual ways it is written in.

``zh``, ``zho``, ``chi``, ``cmn``, ``zh-CN``, ``zh_CN``, ``zh_CN.UTF-8``, ``zho_Hans``,
``Chinese`` and ``Chinese (Simplified)`` are one language. Codes are those of ISO 639-1,
639-2 and 639-3 with the subtags of BCP 47; names are English ones, and what some
languages call themselves. A three-letter code that is not in the table is taken if its
script is told, as in ``ace_Latn``, since scripts decide how texts are split.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from pytest_llmlat.values.errors import UnknownName

if TYPE_CHECKING:
    from collections.abc import Mapping

_TABLE = """
aa aar Afar
ab abk Abkhazian Abkhaz
ae ave Avestan
af afr Afrikaans
ak aka twi fat Akan Twi
am amh Amharic
an arg Aragonese
ar ara arb ary arz acm acq aeb ajp apc ars Arabic
ar \u0627\u0644\u0639\u0631\u0628\u064a\u0629
as asm Assamese
av ava Avaric
ay aym ayr Aymara
az aze azj azb Azerbaijani Azeri
ba bak Bashkir
be bel Belarusian
bg bul Bulgarian
bi bis Bislama
bm bam Bambara
bn ben Bengali Bangla
bo bod tib Tibetan
br bre Breton
bs bos Bosnian
ca cat Catalan Valencian
ce che Chechen
ch cha Chamorro
co cos Corsican
cr cre Cree
cs ces cze Czech \u010de\u0161tina
cu chu Church_Slavonic
cv chv Chuvash
cy cym wel Welsh
da dan Danish dansk
de deu ger German Deutsch
dv div Divehi Maldivian
dz dzo Dzongkha
ee ewe Ewe
el ell gre Greek \u0395\u03bb\u03bb\u03b7\u03bd\u03b9\u03ba\u03ac
en eng English
eo epo Esperanto
es spa Spanish Castilian espa\u00f1ol
et est ekk Estonian
eu eus baq Basque
fa fas per pes prs Persian Farsi Dari \u0641\u0627\u0631\u0633\u06cc
ff ful fuv Fulah Fula
fi fin Finnish suomi
fj fij Fijian
fo fao Faroese
fr fra fre French fran\u00e7ais
fy fry Western_Frisian Frisian
ga gle Irish
gd gla Scottish_Gaelic Gaelic
gl glg Galician
gn grn Guarani
gu guj Gujarati
gv glv Manx
ha hau Hausa
he heb iw Hebrew \u05e2\u05d1\u05e8\u05d9\u05ea
hi hin Hindi \u0939\u093f\u0928\u094d\u0926\u0940
ho hmo Hiri_Motu
hr hrv Croatian
ht hat Haitian Haitian_Creole
hu hun Hungarian magyar
hy hye arm Armenian
hz her Herero
ia ina Interlingua
id ind in Indonesian
ie ile Interlingue
ig ibo Igbo
ii iii Sichuan_Yi
ik ipk Inupiaq
io ido Ido
is isl ice Icelandic
it ita Italian italiano
iu iku Inuktitut
ja jpn Japanese \u65e5\u672c\u8a9e
jv jav Javanese
ka kat geo Georgian
kg kon Kongo
ki kik Kikuyu
kj kua Kuanyama
kk kaz Kazakh
kl kal Kalaallisut Greenlandic
km khm Khmer Central_Khmer Cambodian
kn kan Kannada
ko kor Korean \ud55c\uad6d\uc5b4
kr kau knc Kanuri
ks kas Kashmiri
ku kur kmr Kurdish Kurmanji
kv kom Komi
kw cor Cornish
ky kir Kyrgyz Kirghiz
la lat Latin
lb ltz Luxembourgish
lg lug Ganda Luganda
li lim Limburgish
ln lin Lingala
lo lao Lao Laotian
lt lit Lithuanian
lu lub Luba-Katanga
lv lav lvs Latvian
mg mlg plt Malagasy
mh mah Marshallese
mi mri mao Maori
mk mkd mac Macedonian
ml mal Malayalam
mn mon khk Mongolian
mr mar Marathi
ms msa may zsm Malay
mt mlt Maltese
my mya bur Burmese Myanmar
na nau Nauru
nb nob Norwegian_Bokmal Bokmal
nd nde North_Ndebele
ne nep npi Nepali
ng ndo Ndonga
nl nld dut Dutch Flemish Nederlands
nn nno Norwegian_Nynorsk Nynorsk
no nor Norwegian norsk
nr nbl South_Ndebele
nv nav Navajo
ny nya Chichewa Nyanja
oc oci Occitan
oj oji Ojibwa
om orm gaz Oromo
or ori ory Odia Oriya
os oss Ossetian
pa pan Punjabi Panjabi
pi pli Pali
pl pol Polish polski
ps pus pbt Pashto
pt por Portuguese portugu\u00eas
qu que quy Quechua
rm roh Romansh
rn run Rundi
ro ron rum mo Romanian Moldovan
ru rus Russian \u0440\u0443\u0441\u0441\u043a\u0438\u0439
rw kin Kinyarwanda
sa san Sanskrit
sc srd Sardinian
sd snd Sindhi
se sme Northern_Sami
sg sag Sango
si sin Sinhala Sinhalese
sk slk slo Slovak
sl slv Slovenian Slovene
sm smo Samoan
sn sna Shona
so som Somali
sq sqi alb als Albanian
sr srp Serbian
ss ssw Swati
st sot Southern_Sotho Sesotho
su sun Sundanese
sv swe Swedish svenska
sw swa swh Swahili
ta tam Tamil
te tel Telugu
tg tgk Tajik
th tha Thai \u0e44\u0e17\u0e22
ti tir Tigrinya
tk tuk Turkmen
tl tgl fil Tagalog Filipino
tn tsn Tswana
to ton Tonga
tr tur Turkish t\u00fcrk\u00e7e
ts tso Tsonga
tt tat Tatar
ty tah Tahitian
ug uig Uyghur Uighur
uk ukr Ukrainian \u0443\u043a\u0440\u0430\u0457\u043d\u0441\u044c\u043a\u0430
ur urd Urdu
uz uzb uzn Uzbek
ve ven Venda
vi vie Vietnamese
vo vol Volapuk
wa wln Walloon
wo wol Wolof
xh xho Xhosa
yi yid ydd Yiddish
yo yor Yoruba
yue Cantonese
za zha Zhuang
zh zho chi cmn lzh wuu Chinese Mandarin \u4e2d\u6587 \u6c49\u8bed
zu zul Zulu
"""
"""A line for each language: the code that is used here, other codes, names."""

_HAN = ("Hans", "Hant", "Hani", "Hanb")
_KOREAN = ("Kore", "Hang")
_JAPANESE = ("Jpan", "Hrkt", "Hira", "Kana")
_UNSPACED = (*_HAN, *_JAPANESE, "Thai", "Laoo", "Khmr", "Mymr", "Tibt")
_SCRIPTS = MappingProxyType(
    {
        **dict.fromkeys(("zh", "yue"), "Hani"),
        "ja": "Jpan",
        "ko": "Kore",
        "th": "Thai",
        "lo": "Laoo",
        "km": "Khmr",
        "my": "Mymr",
        **dict.fromkeys(("bo", "dz"), "Tibt"),
    }
)
"""The usual script of languages that do not split texts as Latin ones do."""
_SCRIPT = re.compile("[a-z]{4}")
_SUBTAG = re.compile("[a-z]{4}|[a-z]{2}|[0-9]{3}|[a-z0-9]{5,8}|[0-9][a-z0-9]{3}")
"""A script, a region or a variant (RFC 5646, section 2.1)."""
_REMEDY = (
    "A language is written as a code (zh, zho, zh-CN, zho_Hans) or by its English name;"
    " a code that is not known here needs its script, as in ace_Latn"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """A language and the script that it is written in."""

    code: str
    """Two letters where ISO 639-1 has a code, else three."""
    script: str | None = None
    """Four letters (ISO 15924); ``None`` for one that is split like Latin letters."""

    @property
    def han(self) -> bool:
        """Whether it is written in Chinese characters alone."""
        return self.script in _HAN

    @property
    def korean(self) -> bool:
        """Whether it is written in Hangul, with blanks between phrases."""
        return self.script in _KOREAN

    @property
    def unspaced(self) -> bool:
        """Whether it puts no blanks between words."""
        return self.script in _UNSPACED


def language_of(name: str, *, where: str) -> Language:
    """Return the language that a name means.

    Args:
        name: a code, a locale, a code with a script, or an English name.
        where: who says so, for the complaint.

    Raises:
        UnknownName: there is no such language; the nearest names are told.
    """
    plain = re.sub(r"\([^)]*\)", "", name.casefold()).partition(".")[0]
    head, *tail = re.split(r"[-_\s]+", plain.partition("@")[0].strip(" _-"))
    whole = " ".join((head, *tail))
    if whole in _codes():
        return _language(_codes()[whole], None)
    script = next((part.title() for part in tail if _SCRIPT.fullmatch(part)), None)
    told = all(map(_SUBTAG.fullmatch, tail))
    if told and len(head) in (2, 3) and head in _codes():
        return _language(_codes()[head], script)
    if told and script and re.fullmatch("[a-z]{3}", head):
        return _language(head, script)
    raise UnknownName("language", name, _codes(), where=where, remedy=_REMEDY)


def _language(code: str, script: str | None) -> Language:
    if script is None:
        return Language(code=code, script=_SCRIPTS.get(code))
    matters = script in (*_UNSPACED, *_KOREAN)
    return Language(code=code, script=script if matters else None)


@cache
def _codes() -> Mapping[str, str]:
    """Return the code that is used here by every code and name."""
    found: dict[str, str] = {}
    for line in _TABLE.strip().splitlines():
        code, *others = line.split()
        for name in (code, *others):
            found[re.sub(r"[-_]", " ", name).casefold()] = code
    return MappingProxyType(found)
