"""The loops that make JSON objects of data sets; `json_model` is their door, `json_elements` does what is not plain."""

import struct

from isocenter.dicom import attributes
from isocenter.dicom.charset import DEFAULT_CHARSET, charset_of
from isocenter.dicom.encoding import (
    EXPLICIT_HEAD,
    FORMS,
    IMPLICIT_HEAD,
    PIXEL_TAGS,
    SHORT_VRS,
    Encoding,
    encoding_at,
)
from isocenter.dicom.json_elements import Elements
from isocenter.dicom.json_level import Level
from isocenter.dicom.json_values import CONVERTERS, Converter, JsonObject, Text
from isocenter.dicom.limits import LEAF_MAX_BYTES
from isocenter.dicom.walk import SPECIFIC_CHARACTER_SET
from isocenter.errors import InvalidInstance

_SHORT = {order: {vr: CONVERTERS[order][vr] for vr in SHORT_VRS} for order in (False, True)}
_NAMES = {vr: vr.decode("ascii") for vr in FORMS}
_EXPECTED = {
    tag: (attributes.key_of(tag), attribute.vr.encode("ascii"))
    for tag, attribute in attributes.ATTRIBUTES.items()
}
# What needs no thought when it comes without a VR.
_IMPLICIT = {
    order: {
        tag: (key, vr, CONVERTERS[order][vr])
        for tag, (key, vr) in _EXPECTED.items()
        if vr in CONVERTERS[order] and tag not in PIXEL_TAGS
    }
    for order in (False, True)
}


def _private(tag: int) -> tuple[str, bytes, Converter] | None:
    """Give what a private element without a VR is: unknown, unless it is a creator (PS3.5 7.8.1)."""
    if tag >> 16 & 1 and tag & 0xFFFF > 0xFF:
        return attributes.key_of(tag), b"UN", CONVERTERS[False][b"UN"]
    return None


class Builder(Elements):
    """Makes one document; not to be used twice."""

    def build(self, *, explicit: bool, big_endian: bool) -> JsonObject:
        """Make the document of the whole header."""
        end = self.runs.end
        declared = Encoding(explicit, big_endian)
        encoding = encoding_at(self.data, 0, declared)
        level = Level(end, encoding, Text(DEFAULT_CHARSET), undefined=False, depth=0, signed=False)
        self.fill(level, 0)
        return level.document

    def fill(self, level: Level, at: int) -> int:
        """Read the elements of a data set or item into its document; gives where it ends, delimiter included."""
        try:
            stopped = (
                self._explicit(level, at) if level.encoding.explicit else self._implicit(level, at)
            )
        except struct.error:
            raise InvalidInstance("an element is cut off", code="truncated") from None
        if level.unsorted:
            level.document = dict(sorted(level.document.items()))
        self.unclean = self.unclean or level.text.unclean
        if stopped < 0:
            return -stopped
        if level.undefined or stopped > level.end:
            raise InvalidInstance("an item without its end", code="malformed_sequence")
        return stopped

    def _explicit(self, level: Level, at: int) -> int:
        """Give where the elements end, negative when a delimiter ended them."""
        data, end, document, text = self.data, level.end, level.document, level.text
        head = EXPLICIT_HEAD[level.encoding.big_endian].unpack_from
        short = _SHORT[level.encoding.big_endian]
        before = -1
        while 0 <= at < end:
            group, element, vr, length, _ = head(data, at)
            tag = group << 16 | element
            convert = short.get(vr)
            key, expected = _EXPECTED.get(tag) or (f"{tag:08X}", vr)
            if (
                convert is None
                or expected != vr
                or length > LEAF_MAX_BYTES
                or tag <= before
                or not element
            ):
                at = self.slow(level, at, before)
            else:
                start = at + 8
                at = start + length
                document[key] = convert(data[start:at], text) if length else {"vr": _NAMES[vr]}
                if tag == SPECIFIC_CHARACTER_SET:
                    text.charset = charset_of(data[start:at])
            before = tag if tag > before else before
        return at

    def _implicit(self, level: Level, at: int) -> int:
        data, end, document, text = self.data, level.end, level.document, level.text
        head = IMPLICIT_HEAD[level.encoding.big_endian].unpack_from
        known = _IMPLICIT[level.encoding.big_endian]
        before = -1
        while 0 <= at < end:
            group, element, length = head(data, at)
            tag = group << 16 | element
            found = known.get(tag) or _private(tag)
            if found is None or length > LEAF_MAX_BYTES or tag <= before:
                at = self.slow(level, at, before)
            else:
                key, vr, convert = found
                start = at + 8
                at = start + length
                document[key] = convert(data[start:at], text) if length else {"vr": _NAMES[vr]}
                if tag == SPECIFIC_CHARACTER_SET:
                    text.charset = charset_of(data[start:at])
            before = tag if tag > before else before
        return at
