"""The elements that are not plain: sequences, values cut out, other representations, delimiters, oddities."""

from collections.abc import Callable

from isocenter.dicom import attributes
from isocenter.dicom.ambiguous import settle
from isocenter.dicom.charset import charset_of
from isocenter.dicom.encoding import (
    DELIMITER_GROUP,
    FORMS,
    IMPLICIT,
    ITEM,
    ITEM_END,
    PIXEL_TAGS,
    SEQUENCE_END,
    Element,
    Encoding,
    encoding_at,
    read_element,
)
from isocenter.dicom.fragments import walk_fragments
from isocenter.dicom.json_level import Level
from isocenter.dicom.json_values import CONVERTERS, JsonObject, binary
from isocenter.dicom.limits import DEFAULT_LIMITS, LEAF_MAX_BYTES, UNDEFINED_LENGTH, Finding
from isocenter.dicom.nested_walk import holds_fragments, is_sequence
from isocenter.dicom.pieces import Runs
from isocenter.dicom.walk import SPECIFIC_CHARACTER_SET
from isocenter.errors import InvalidInstance, LimitExceeded

_TEXT_VRS = frozenset(b"AE AS CS DA DS DT IS LO LT PN SH ST TM UC UI UR UT".split())
_DELIMITERS = (ITEM_END, SEQUENCE_END)


class Elements:
    """What the loops of `Builder` hand over, one element at a time; reads exactly as the scan's careful walk does."""

    def __init__(self, runs: Runs, bulk_data_uri: Callable[[int, int], str]) -> None:
        self.runs = runs
        self.data = runs.data
        self.unclean = False
        self._bulk_data_uri = bulk_data_uri
        self._noted: dict[Finding, None] = {}

    def findings(self) -> list[Finding]:
        """What only decoding shows."""
        found = list(self._noted)
        if self.unclean:
            found.append(
                (
                    "text_undecodable",
                    "",
                    "text that is not in its Specific Character Set, given as far as it can be read",
                )
            )
        return found[: DEFAULT_LIMITS.max_findings]

    def fill(self, level: Level, at: int) -> int:
        """Read a data set; see Builder."""
        raise NotImplementedError

    def slow(self, level: Level, at: int, before: int) -> int:
        """Read one element; gives where the next one is, negative when a delimiter ended the item."""
        element = read_element(self.data, at, level.encoding)
        tag = element.tag
        if tag in _DELIMITERS:
            return self._delimiter(level, element, at)
        if tag in PIXEL_TAGS and not level.depth:
            return self._pass_pixels(element)
        key = attributes.key_of(tag)
        made, at = self._object(level, element, key)
        # Group lengths are not in the model (PS3.18 F.2.2), items that stand where none can are no attributes.
        if tag & 0xFFFF and tag >> 16 != DELIMITER_GROUP and key not in level.document:
            level.document[key] = made
            level.unsorted = level.unsorted or tag < before
            if tag == SPECIFIC_CHARACTER_SET:
                level.text.charset = charset_of(self.data[element.value : at])
        return at

    def _delimiter(self, level: Level, element: Element, at: int) -> int:
        if level.undefined:
            return -element.value if element.tag == ITEM_END else -at
        if element.tag == SEQUENCE_END and level.depth:
            raise InvalidInstance("a sequence ends inside an item", code="malformed_sequence")
        return element.value

    def _pass_pixels(self, element: Element) -> int:
        if self.runs.hole(element.value) or element.value >= self.runs.end:
            return element.value
        return element.value + (0 if element.length == UNDEFINED_LENGTH else element.length)

    def _object(self, level: Level, element: Element, key: str) -> tuple[JsonObject, int]:
        undefined = element.length == UNDEFINED_LENGTH
        if element.length > LEAF_MAX_BYTES:
            hole = self._hole(element)
            if hole:
                return self._bulk(level, element, key, hole)
        if undefined and holds_fragments(element):
            return self._fragments(level, element, key)
        if undefined or is_sequence(element):
            return self._sequence(level, element)
        end = element.value + element.length
        if end > level.end:
            raise InvalidInstance("an element reaches beyond its item", code="malformed_sequence")
        return self._leaf(level, element, key, self.data[element.value : end]), end

    def _hole(self, element: Element) -> int:
        at_the_end = element.value == self.runs.end and element.length != UNDEFINED_LENGTH
        return element.length if at_the_end else self.runs.hole(element.value)

    def _bulk(
        self, level: Level, element: Element, key: str, length: int
    ) -> tuple[JsonObject, int]:
        vr = self._vr(level, element, key)
        uri = self._bulk_data_uri(self.runs.offset(element.value), length)
        delimiter = 8 if element.length == UNDEFINED_LENGTH else 0
        return {
            "vr": "UN" if vr == b"SQ" else vr.decode("ascii"),
            "BulkDataURI": uri,
        }, element.value + delimiter

    def _fragments(self, level: Level, element: Element, key: str) -> tuple[JsonObject, int]:
        found = walk_fragments(self.data, element.value, level.end, DEFAULT_LIMITS)
        raw = self.data[element.value : found.end]
        vr = self._vr(level, element, key).decode("ascii")
        return binary(vr if vr.startswith("O") else "UN", raw), found.end + 8

    def _leaf(self, level: Level, element: Element, key: str, raw: bytes) -> JsonObject:
        vr = self._vr(level, element, key)
        if not raw:
            return {"vr": vr.decode("ascii")}
        if vr == b"SQ":  # items were due, none are there
            return binary("UN", raw)
        # UN is always little endian (PS3.5 6.2.2).
        big_endian = level.encoding.big_endian and element.vr != b"UN"
        return CONVERTERS[big_endian][vr](raw, level.text)

    def _vr(self, level: Level, element: Element, key: str) -> bytes:
        """Settle the value representation; see the choices in `json_model`."""
        known = attributes.attribute_of(element.tag)
        if known is None or not known.vr:
            return element.vr if element.vr in FORMS else b"UN"
        expected = settle(known.vr, key, level.document, inherited=level.signed)
        if element.vr in (b"", b"UN") or element.vr not in FORMS:
            return expected
        if element.vr != expected and element.vr in _TEXT_VRS and expected in _TEXT_VRS:
            self._noted[
                ("vr_differs", key, "written with another value representation than PS3.6 has")
            ] = None
            return expected
        return element.vr

    def _sequence(self, level: Level, element: Element) -> tuple[JsonObject, int]:
        undefined = element.length == UNDEFINED_LENGTH
        encoding = IMPLICIT if element.vr == b"UN" else level.encoding
        if undefined:
            items, at = self._items(level, element.value, level.end, encoding, undefined=True)
            return _sequence_object(items), at
        end = self.runs.stop(element.value, element.length)
        if end > level.end:
            raise InvalidInstance("a sequence reaches beyond its item", code="malformed_sequence")
        try:
            items, at = self._items(level, element.value, end, encoding, undefined=False)
        except InvalidInstance:
            key = attributes.key_of(element.tag)
            self._noted[
                ("malformed_sequence", key, "not made of items; given as unknown bytes")
            ] = None
            return binary("UN", self.data[element.value : end]), end
        return _sequence_object(items), at

    def _items(
        self, level: Level, at: int, end: int, encoding: Encoding, *, undefined: bool
    ) -> tuple[list[JsonObject], int]:
        if level.depth >= DEFAULT_LIMITS.max_depth:
            raise LimitExceeded("sequences are nested too deeply", code="nesting")
        items: list[JsonObject] = []
        while at < end:
            item = read_element(self.data, at, encoding)
            if item.tag == SEQUENCE_END and undefined:
                return items, item.value
            if item.tag in _DELIMITERS:
                at = item.value
            elif item.tag == ITEM:
                inner = self._open(level, item, end, encoding)
                at = self.fill(inner, item.value)
                items.append(inner.document)
            else:
                raise InvalidInstance(
                    "a sequence holds something else than items", code="malformed_sequence"
                )
        if undefined:
            raise InvalidInstance("a sequence without its delimiter", code="malformed_sequence")
        return items, at

    def _open(self, level: Level, item: Element, end: int, declared: Encoding) -> Level:
        undefined = item.length == UNDEFINED_LENGTH
        stop = end if undefined else self.runs.stop(item.value, item.length)
        if stop > end:
            raise InvalidInstance("an item reaches beyond its sequence", code="malformed_sequence")
        encoding = encoding_at(self.data, item.value, declared) if item.value < stop else declared
        return level.below(stop, encoding, undefined=undefined)


def _sequence_object(items: list[JsonObject]) -> JsonObject:
    return {"vr": "SQ", "Value": items} if items else {"vr": "SQ"}
