"""DICOM JSON as it is kept: compressed with a dictionary of what such documents have in common."""

import json
import zlib
from functools import lru_cache

from isocenter.dicom.json_values import JsonObject
from isocenter.dicom.levels import level_of

LEVEL = 1
_WINDOW = -15  # raw deflate: no header, no checksum; pages are checked by nobody else either way
_COMMON = b"".join(
    b'"%s":{"vr":"%s","Value":["' % (tag, vr)
    for tag, vr in (
        (row[:8], row[8:])
        for row in (
            b"00200020CS 00200060CS 00201041DS 00181030LO 00180060DS 00180050DS 00181151IS 00181210SH 00185100CS "
            b"00080070LO 00081010SH 00081090LO 00180015CS 00180022CS 00180023CS 00180081DS 00180087DS 00181020LO "
            b"00080021DA 00080022DA 00080023DA 00080031TM 00080032TM 00080033TM 00281054LO 00281050DS 00281051DS "
            b"00281052DS 00281053DS 00280030DS 00280100US 00280101US 00280102US 00280103US 00280010US 00280011US "
            b"00280002US 00280004CS 00200032DS 00200037DS 00200052UI 00200011IS 00200012IS 00200013IS 00200010SH "
            b"00100020LO 00100021LO 00100030DA 00100040CS 00101010AS 00101020DS 00101030DS 00080090PN 0008103ELO "
            b"00081030LO 00080080LO 00080050SH 00080060CS 00080061CS 00080064CS 00080020DA 00080030TM 00080008CS "
            b"00080005CS 00080012DA 00080013TM 00080016UI 00080018UI 0020000DUI 0020000EUI"
        ).split()
    )
) + (
    b'"Alphabetic":"","Ideographic":"","Phonetic":"","BulkDataURI":"ISO_IR 192","ISO_IR 100","ORIGINAL","PRIMARY",'
    b'"AXIAL","DERIVED","SECONDARY","MONOCHROME2","SIEMENS","GE MEDICAL SYSTEMS","Philips","HFS",'
    b'"1.2.840.10008.5.1.4.1.1.2"]},"1.2.840.10008.5.1.4.1.1.4"]},"00100010":{"vr":"PN","Value":[{"Alphabetic":"'
)


def pack(document: bytes) -> bytes:
    """Compress a document for a row."""
    squeeze = zlib.compressobj(LEVEL, zlib.DEFLATED, _WINDOW, zdict=_COMMON)
    return squeeze.compress(document) + squeeze.flush()


def unpack(packed: bytes) -> bytes:
    """Give back what was packed."""
    return zlib.decompressobj(_WINDOW, zdict=_COMMON).decompress(packed)


@lru_cache(maxsize=8)
def parsed(packed: bytes) -> JsonObject:
    """Read a packed document; several conditions on one row read it once. Not to be changed."""
    document: JsonObject = json.loads(unpack(packed))
    return document


def speaking(
    tag: str, study: bytes | None, series: bytes | None, instance: bytes | None
) -> JsonObject:
    """The document that decides about an attribute; without the attribute anywhere, an empty one.

    An attribute of patient or study is looked up in the study's document, one of the series in the series', and
    where that has none in the next one down: its own level speaks first.
    """
    by_level = {
        "study": (study, series, instance),
        "series": (series, instance, study),
        "instance": (instance, series, study),
    }
    for packed in by_level[level_of(tag)]:
        if packed is not None and tag in (found := parsed(packed)):
            return found
    return {}


@lru_cache(maxsize=64)
def loaded(answer: bytes) -> JsonObject:
    """Read an answer; instances of one series share theirs. Not to be changed."""
    members: JsonObject = json.loads(answer)
    return members


def merged(*contents: JsonObject) -> bytes:
    """Join the attributes of several levels, by tag; the later one wins."""
    joined: JsonObject = {}
    for content in contents:
        joined.update(content)
    return json.dumps(
        dict(sorted(joined.items())), ensure_ascii=False, separators=(",", ":")
    ).encode()
