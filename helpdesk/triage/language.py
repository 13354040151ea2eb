"""Which language a message is in, and the one spelling in which all matching is done.

A rule of scripts, not a library: detectors call 謝謝 Cantonese and "ok" Afrikaans. What a message does not
show is taken from what is known of its sender.
"""

import re
import unicodedata
from functools import lru_cache

from opencc import OpenCC

from helpdesk.triage.values import LANGUAGES, Language

DEFAULT: Language = "zh-Hant"

_TO_SIMPLIFIED = OpenCC("t2s")
_TO_TRADITIONAL = OpenCC("s2t")

_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0002b740]")
_LATIN_WORD = re.compile(r"[A-Za-zÀ-ÿ]{2,}(?!\d)")
_APOSTROPHES = re.compile(r"['’‘`´]")
_DECORATION = re.compile("[\u200b-\u200d\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff\ufeff\ud800-\udfff]")
"""Joiners, variation selectors, keycaps and skin tones: what makes an emoji look, not mean, different. And halves
of characters, which a broken sender cuts."""
_SPACES = re.compile(r"\s+")

_CANTONESE = frozenset("喺畀冇嘅啲嚟唔咗佢嗰咁噉睇搵哋咩乜嘢攞諗嘥啱冧嗌掣咪嗱囉喎啩㗎")
_SAYS_NOTHING = frozenset(
    [
        "ok",
        "okay",
        "yes",
        "no",
        "hi",
        "hello",
        "hey",
        "bye",
        "thx",
        "thanks",
        "thank",
        "you",
        "stop",
        "sms",
        "help",
        "no.",
        "tv",
        "app",
    ]
)
"""Latin words that people of every language write."""

_SPELLINGS = str.maketrans(
    {
        "著": "着",  # OpenCC keeps it, as in 著名
        "喺": "在",
        "畀": "给",
        "冇": "没",
        "唔": "不",
        "嘅": "的",
        "佢": "它",
        "咗": "了",
        "啲": "些",
        "睇": "看",
        "嚟": "来",
        "哋": "们",
        "嗰": "那",
        "𠮶": "那",
        "搵": "找",
        "揾": "找",
        "乜": "什",
        "臺": "台",
    }
)


def detect_language(text: str, stored: str | None) -> Language:
    """The language of a message; ``stored`` (the sender's) decides where the text does not.

    Chinese when Han characters weigh at least half as much as Latin words; which script by the characters
    that only one of the two uses (one outside GB 2312 that OpenCC simplifies is Traditional, one that is not
    frequent in Big5 and that OpenCC expands is Simplified), Cantonese counting as Traditional.
    """
    known: Language | None = stored if stored in LANGUAGES else None
    han = len(_HAN.findall(text))
    words = [word.lower() for word in _LATIN_WORD.findall(text)]
    if not han:
        telling = [word for word in words if word not in _SAYS_NOTHING]
        is_english = len(telling) >= 2 or any(len(word) >= 4 for word in telling) or (words and known is None)
        return "en" if is_english else known or DEFAULT
    if han * 2 < len(words):
        return "en"
    return _script(text) or (known if known and known != "en" else DEFAULT)


def _script(text: str) -> Language | None:
    kinds = [_script_of(char) for char in _HAN.findall(text)]
    traditional, simplified = kinds.count("zh-Hant"), kinds.count("zh-Hans")
    if traditional == simplified:
        return None
    return "zh-Hant" if traditional > simplified else "zh-Hans"


@lru_cache(maxsize=8192)
def _script_of(char: str) -> Language | None:
    """The script that alone knows this character, if there is one."""
    if char in _CANTONESE:
        return "zh-Hant"
    if not _bytes(char, "gb2312") and _TO_SIMPLIFIED.convert(char) != char:
        return "zh-Hant"
    if not _is_common_traditional(char) and _TO_TRADITIONAL.convert(char) != char:
        return "zh-Hans"
    return None


def _is_common_traditional(char: str) -> bool:
    """Among the 5,401 frequent characters of Big5: 后 and 里 are, 机 and 坏 are not (they are there, but rare)."""
    code = _bytes(char, "big5")
    return b"\xa4\x40" <= code <= b"\xc6\x7e"


def _bytes(char: str, encoding: str) -> bytes:
    """The character in a legacy encoding, empty when it has none."""
    return char.encode(encoding, errors="ignore")


def normalise(text: str) -> str:
    """Text as all word lists are matched: half width, lower case, Simplified, Cantonese words spelled out.

    Apostrophes go (``won't`` → ``wont``), ``没有`` becomes ``没``, runs of white space one space.
    """
    folded = unicodedata.normalize("NFKC", _DECORATION.sub("", text)).casefold()
    simple = _TO_SIMPLIFIED.convert(_APOSTROPHES.sub("", folded)).translate(_SPELLINGS)
    return _SPACES.sub(" ", simple.replace("没有", "没")).strip()
