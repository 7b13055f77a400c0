"""Adding a member to a DICOM JSON object as bytes, in the order of tags (PS3.18 F.2.2), with little parsing."""

import json
import re
from functools import lru_cache

import orjson

_DECODER = json.JSONDecoder()
_NESTED = b'"vr":"SQ"'
_CHARACTER_SET = b'"00080005":{"vr":"CS","Value":["ISO_IR 192"]}'
_OWN_CHARACTER_SET = re.compile(rb'\{("00080005":\{"vr":"CS"(?:,"Value":\[[^\]]*\])?\})')
_UNRESOLVED = b'"BulkDataURI":"@base@/'


def element(vr: str, value: str) -> bytes:
    """A member's content with one text value."""
    return b'{"vr":"%s","Value":[%s]}' % (vr.encode("ascii"), orjson.dumps(value))


def with_base(document: bytes, base: str) -> bytes:
    """Make the addresses of bulk data absolute. No text value can look like such a member: its quotes are escaped."""
    return document.replace(_UNRESOLVED, b'"BulkDataURI":"' + base.encode("ascii") + b"/")


def with_character_set(document: bytes) -> bytes:
    """Say that texts are UTF-8, whatever the instance was written in: this one is."""
    own = _OWN_CHARACTER_SET.match(document)
    if own is not None:
        return b"{" + _CHARACTER_SET + document[own.end() :]
    return _after_brace(document, _CHARACTER_SET)


def with_member(document: bytes, tag: str, content: bytes) -> bytes:
    """The object with one more member where its tag belongs; an earlier one of that tag is replaced."""
    name = b'"%s":' % tag.encode("ascii")
    if name in document:
        return _rewritten(document, tag, content)
    match = _first_greater(tag).search(document)
    if match is None:
        return _at_end(document, name + content)
    place = match.start(1)
    if _NESTED in document[:place]:  # the match may be inside a sequence
        place = _place_in_top_level(document, tag)
    if place < 0:
        return _at_end(document, name + content)
    return b"".join((document[:place], name, content, b",", document[place:]))


def _rewritten(document: bytes, tag: str, content: bytes) -> bytes:
    members = orjson.loads(document)
    members[tag] = orjson.loads(content)
    ordered = dict(sorted(members.items()))
    return orjson.dumps(ordered)


def _after_brace(document: bytes, member: bytes) -> bytes:
    rest = document[1:]
    return b"{" + member + (b"" if rest.lstrip().startswith(b"}") else b",") + rest


def _at_end(document: bytes, member: bytes) -> bytes:
    body = document.rstrip()[:-1]
    return body + (b"," if body.strip() != b"{" else b"") + member + b"}"


@lru_cache(maxsize=32)
def _first_greater(tag: str) -> re.Pattern[bytes]:
    """A pattern of the first name greater than `tag`: one alternative per digit that may be the first to differ."""
    digits = "0123456789ABCDEF"
    alternatives = [
        f"{tag[:n]}[{digits[digits.index(digit) + 1 :]}][0-9A-F]{{{7 - n}}}"
        for n, digit in enumerate(tag)
        if digit != "F"
    ]
    return re.compile(rf'[{{,]("(?:{"|".join(alternatives)})":\{{)'.encode("ascii"))


def _place_in_top_level(document: bytes, tag: str) -> int:
    """Where the first greater member of the top level starts; -1 when there is none. Reads what lies before it."""
    text = document.decode()
    place = text.index("{") + 1
    while place < len(text) and text[place] == '"':
        name = text[place + 1 : place + 9]
        if name > tag:
            return len(text[:place].encode())
        _, end = _DECODER.raw_decode(text, text.index(":", place + 9) + 1)
        place = end + 1
    return -1
