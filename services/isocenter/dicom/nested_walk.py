"""The careful walk inside values: sequences, their items, and fragments that are not the instance's pixels."""

from isocenter.dicom import attributes
from isocenter.dicom.encoding import (
    IMPLICIT,
    ITEM,
    ITEM_END,
    PIXEL_TAGS,
    SEQUENCE_END,
    Element,
    Encoding,
    encoding_at,
)
from isocenter.dicom.fragments import walk_fragments
from isocenter.dicom.ledger import Ledger
from isocenter.dicom.limits import LEAF_MAX_BYTES, UNDEFINED_LENGTH
from isocenter.errors import InvalidInstance, LimitExceeded


def is_sequence(element: Element) -> bool:
    """Tell whether the value holds items: said so, or known from PS3.6 where the VR is not told or UN."""
    if element.vr == b"SQ":
        return True
    return element.vr in (b"", b"UN") and attributes.vr_of(element.tag) == "SQ"


def holds_fragments(element: Element) -> bool:
    """Tell whether a value of undefined length holds fragments and not items with elements in them."""
    return element.tag in PIXEL_TAGS or element.vr not in (b"", b"SQ", b"UN")


def walk_value(ledger: Ledger, element: Element, end: int, encoding: Encoding, depth: int) -> int:
    """Walk over a value that has to end at or before `end`; gives where it ends."""
    inner = IMPLICIT if element.vr == b"UN" else encoding  # PS3.5 6.2.2
    if element.length == UNDEFINED_LENGTH:
        if holds_fragments(element):
            return _fragments(ledger, element, end)
        return _items(ledger, element.value, end, inner, depth, undefined=True)
    stop = element.value + element.length
    if stop > end:
        raise InvalidInstance("an element reaches beyond its item", code="malformed_sequence")
    if is_sequence(element):
        return _sequence(ledger, element, stop, inner, depth)
    return ledger.leaf(element, stop, LEAF_MAX_BYTES)


def _sequence(ledger: Ledger, element: Element, end: int, encoding: Encoding, depth: int) -> int:
    mark = ledger.mark()
    try:
        return _items(ledger, element.value, end, encoding, depth, undefined=False)
    except InvalidInstance:
        ledger.rollback(mark)
        ledger.note("malformed_sequence", element.tag, "not made of items; kept as unknown bytes")
        return ledger.leaf(element, end, LEAF_MAX_BYTES)


def _fragments(ledger: Ledger, element: Element, end: int) -> int:
    found = walk_fragments(ledger.data, element.value, end, ledger.limits)
    if found.truncated:
        raise InvalidInstance("fragments without a sequence delimiter", code="malformed_sequence")
    if found.end - element.value > LEAF_MAX_BYTES:
        ledger.cut(element.value, found.end)
    return found.end + 8


def _items(
    ledger: Ledger, at: int, end: int, encoding: Encoding, depth: int, *, undefined: bool
) -> int:
    if depth >= ledger.limits.max_depth:
        raise LimitExceeded("sequences are nested too deeply", code="nesting")
    while at < end:
        item = ledger.read(at, encoding)
        if item.tag == SEQUENCE_END and undefined:
            return item.value
        if item.tag == ITEM:
            at = _item(ledger, item, end, encoding, depth)
        elif item.tag in (SEQUENCE_END, ITEM_END):
            ledger.note("stray_delimiter", item.tag, "a delimiter that ends nothing")
            at = item.value
        else:
            raise InvalidInstance(
                "a sequence holds something else than items", code="malformed_sequence"
            )
    if undefined:
        raise InvalidInstance("a sequence without its delimiter", code="malformed_sequence")
    return at


def _item(ledger: Ledger, item: Element, end: int, declared: Encoding, depth: int) -> int:
    undefined = item.length == UNDEFINED_LENGTH
    stop = end if undefined else item.value + item.length
    if stop > end:
        raise InvalidInstance("an item reaches beyond its sequence", code="malformed_sequence")
    encoding = encoding_at(ledger.data, item.value, declared) if item.value < stop else declared
    if encoding != declared:
        ledger.note(
            "encoding_mismatch", 0, "an item written with value representations, declared without"
        )
    at, before = item.value, -1
    while at < stop:
        element = ledger.read(at, encoding)
        if element.tag in (ITEM_END, SEQUENCE_END):
            if undefined:
                return _undefined_item_end(ledger, element, at)
            at = _stray(ledger, element)
        else:
            before = ledger.check_order(element.tag, before)
            at = walk_value(ledger, element, stop, encoding, depth + 1)
    if undefined:
        raise InvalidInstance("an item without its delimiter", code="malformed_sequence")
    return at


def _undefined_item_end(ledger: Ledger, element: Element, at: int) -> int:
    if element.tag == ITEM_END:
        return element.value
    ledger.note("item_not_delimited", 0, "an item without its delimiter")
    return at


def _stray(ledger: Ledger, element: Element) -> int:
    if element.tag == SEQUENCE_END:
        raise InvalidInstance("a sequence ends inside an item", code="malformed_sequence")
    ledger.note("stray_delimiter", element.tag, "a delimiter that ends nothing")
    return element.value
