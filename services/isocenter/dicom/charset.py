"""Text by Specific Character Set (PS3.3 C.12.1.1.2): decoding that always gives something a person can read."""

import re
from dataclasses import dataclass
from functools import lru_cache

from isocenter.dicom import iso2022
from isocenter.dicom.limits import Finding

_CODECS = {
    6: "ascii",
    100: "latin_1",
    101: "iso8859_2",
    109: "iso8859_3",
    110: "iso8859_4",
    144: "iso8859_5",
    127: "iso8859_6",
    126: "iso8859_7",
    138: "iso8859_8",
    148: "iso8859_9",
    203: "iso8859_15",
    13: "shift_jis",
    166: "tis_620",
    192: "utf_8",
}
_EXTENSIONS_ONLY = {87: "ascii", 159: "ascii", 149: "euc_kr", 58: "gb2312"}
_WHOLE = {"GB18030": "gb18030", "GBK": "gbk"}  # and UTF-8: no code extensions, PS3.5 6.1.2.4
_CANONICAL = re.compile(r"ISO_IR \d+|ISO 2022 IR \d+|GB18030|GBK|")
_TERM = re.compile(r"ISO[ _-]*(?:2022[ _-]*)?IR[ _-]*(\d+)")
_CHARSET_TAG = "00080005"
_ESCAPE = b"\x1b"


@dataclass(frozen=True, slots=True)
class Charset:
    """What one value of Specific Character Set means; `decode` is safe to call from many threads.

    `codec` is of the first term. `others` are those of the further terms, for bytes that no escape sequence announced.
    """

    codec: str
    others: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    def decode(self, raw: bytes, delimiters: bytes = b"") -> tuple[str, bool]:
        r"""Decode a whole element; the flag tells whether it was clean.

        `delimiters` are what resets code extensions beside control characters (PS3.5 6.1.2.5.3): `\` for values,
        `\^=` for person names, none for texts of one value.
        """
        if _ESCAPE in raw and self.codec not in ("utf_8", "gb18030", "gbk"):
            fallback = self.others[0] if self.others else "latin_1"
            return iso2022.decode(raw, self.codec, delimiters, fallback)
        for codec in (self.codec, *self.others):
            try:
                return raw.decode(codec), codec == self.codec
            except UnicodeDecodeError:
                continue
        return _guess(raw, self.codec), False


def _guess(raw: bytes, codec: str) -> str:
    """Give something readable for bytes that are not what was declared."""
    if codec == "utf_8":
        text = raw.decode("utf_8", "replace")
        return text if text.find("\ufffd") >= len(text) - 1 else raw.decode("latin_1")
    if codec != "ascii":
        return raw.decode(codec, "replace")
    try:
        return raw.decode("utf_8")
    except UnicodeDecodeError:
        return raw.decode("latin_1")


@lru_cache(maxsize=256)
def charset_of(raw: bytes) -> Charset:
    """Understand a raw value of Specific Character Set; anything at all gives a Charset."""
    terms = [term.strip() for term in raw.decode("latin_1").strip(" \0").split("\\")]
    codecs: list[str] = []
    findings: list[Finding] = []
    for term in terms:
        codec = _codec(term)
        if codec is None:
            findings.append(
                (
                    "charset_unknown",
                    _CHARSET_TAG,
                    "no term of PS3.3 C.12.1.1.2, decoded by guessing",
                )
            )
        elif not _CANONICAL.fullmatch(term):
            findings.append(("charset_misspelt", _CHARSET_TAG, "not spelt as in PS3.3 C.12.1.1.2"))
        codecs.append(codec or "ascii")
    others = tuple(codec for codec in codecs[1:] if codec != "ascii")
    return Charset(codecs[0], others, tuple(dict.fromkeys(findings)))


def _codec(term: str) -> str | None:
    if not term:
        return "ascii"
    folded = term.upper()
    if folded in _WHOLE:
        return _WHOLE[folded]
    matched = _TERM.fullmatch(folded)
    if matched is None:
        return {"UTF-8": "utf_8", "UTF8": "utf_8"}.get(folded)
    number = int(matched[1][:6])
    return _CODECS.get(number) or _EXTENSIONS_ONLY.get(number)


def known_terms() -> tuple[str, ...]:
    """Defined terms that are understood (PS3.3 C.12.1.1.2)."""
    return (*(f"ISO_IR {number}" for number in sorted(_CODECS)), *sorted(_WHOLE))


def extension_terms() -> tuple[str, ...]:
    """Those that are understood with code extensions alone."""
    return tuple(f"ISO 2022 IR {number}" for number in sorted(_EXTENSIONS_ONLY))


def charset_findings(raw: bytes) -> tuple[Finding, ...]:
    """What is odd about a raw value of Specific Character Set."""
    return charset_of(raw).findings


DEFAULT_CHARSET = charset_of(b"")
