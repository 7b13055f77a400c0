"""Just enough of the protobuf wire format to read fields by number."""

from collections.abc import Iterator


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Field numbers with their values: numbers for varints, bytes for the rest."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        kind = key & 7
        if kind == 0:
            number, at = _varint(data, at)
            yield key >> 3, number
        elif kind == 2:
            size, at = _varint(data, at)
            yield key >> 3, data[at : at + size]
            at += size
        else:
            raise ValueError(f"wire type {kind} is not used here")


def texts(data: bytes, *numbers: int) -> tuple[str, ...]:
    """Values of text fields, empty where absent."""
    found = {number: value for number, value in fields(data) if isinstance(value, bytes)}
    return tuple(found.get(number, b"").decode() for number in numbers)


def number(data: bytes, field: int) -> int:
    """Value of a number field, 0 where absent."""
    for found, value in fields(data):
        if found == field and isinstance(value, int):
            return value
    return 0
