"""The multipart reader: whatever the pieces in which a body comes, the same parts come out, or a clear refusal."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isocenter.dicomweb import multipart
from isocenter.dicomweb.multipart import MultipartReader, PartEnd, PartStart
from isocenter.errors import InvalidRequest, IsocenterError, LimitExceeded

BOUNDARY = "a-boundary"
Part = tuple[dict[str, str], bytes]


def body_of(parts: list[Part], *, preamble: bytes = b"", epilogue: bytes = b"\r\n") -> bytes:
    written = [preamble]
    for headers, content in parts:
        lines = b"".join(f"{name}: {value}\r\n".encode() for name, value in headers.items())
        written.append(b"\r\n--" + BOUNDARY.encode() + b"\r\n" + lines + b"\r\n" + content)
    return b"".join(written) + b"\r\n--" + BOUNDARY.encode() + b"--" + epilogue


def read(chunks: list[bytes]) -> list[Part]:
    reader = MultipartReader(BOUNDARY)
    parts: list[Part] = []
    content: list[bytes] = []
    headers: dict[str, str] = {}
    for chunk in chunks:
        for event in reader.feed(chunk):
            if isinstance(event, PartStart):
                headers = event.headers
            elif isinstance(event, PartEnd):
                parts.append((headers, b"".join(content)))
                content.clear()
            else:
                content.append(bytes(event))
    reader.close()
    return parts


def cut(body: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(body) + 1) for place in places), len(body)]
    return [body[start:end] for start, end in pairwise(edges)]


# content that flirts with the delimiter
contents = st.lists(
    st.sampled_from(
        [b"\r", b"\n", b"\r\n", b"--", b"-", b"\r\n--", b"\r\n--a-boundar", b"x", b"\0" * 9]
    ),
    max_size=8,
).map(b"".join) | st.binary(max_size=64)
headers = st.dictionaries(
    st.sampled_from(["content-type", "content-location"]),
    st.text('abc/;="+ ', max_size=9).map(str.strip),
)
usable = st.lists(st.tuples(headers, contents), min_size=1, max_size=4).filter(
    lambda parts: not any(BOUNDARY.encode() in content for _, content in parts)
)


@given(usable, st.lists(st.integers(0, 1000), max_size=12))
def test_parts_come_out_whole_however_the_body_is_cut(parts: list[Part], places: list[int]) -> None:
    assert read(cut(body_of(parts), places)) == parts


@given(usable)
def test_parts_come_out_whole_byte_by_byte(parts: list[Part]) -> None:
    body = body_of(parts, preamble=b"this is ignored", epilogue=b" so is this")
    assert read([body[place : place + 1] for place in range(len(body))]) == parts


@given(usable, st.lists(st.integers(0, 1000), max_size=4))
def test_no_more_than_a_delimiter_is_kept_of_a_part(parts: list[Part], places: list[int]) -> None:
    reader = MultipartReader(BOUNDARY)
    for chunk in cut(body_of(parts), places):
        reader.feed(chunk)
        if reader._step == reader._content:
            assert len(reader._rest) < len(BOUNDARY) + 4


@given(st.binary(max_size=200), st.lists(st.integers(0, 300), max_size=4))
def test_anything_else_is_refused_in_our_own_words(noise: bytes, places: list[int]) -> None:
    for body in (noise, b"--a-boundary" + noise, b"--a-boundary\r\n" + noise):
        try:
            read(cut(body, places))
        except IsocenterError:
            continue
        assert b"--a-boundary--" in body


def test_mutated_bodies_are_read_or_refused_and_never_crash() -> None:
    dice = random.Random(17)
    sound = body_of([({"content-type": "application/dicom"}, dice.randbytes(90))] * 3)
    for _ in range(2000):
        body = bytearray(sound)
        for _ in range(dice.randint(1, 4)):
            body[dice.randrange(len(body))] = dice.choice(b"\r\n-a:\0")
        try:
            read(cut(bytes(body), [dice.randrange(len(body)) for _ in range(3)]))
        except IsocenterError:
            continue


def test_a_body_may_begin_with_its_boundary_and_pad_it_with_blanks() -> None:
    assert read([b"--a-boundary \t\r\n\r\nx\r\n--a-boundary--"]) == [({}, b"x")]


def test_a_body_without_its_closing_delimiter_is_refused() -> None:
    with pytest.raises(InvalidRequest):
        read([body_of([({}, b"x")])[:-5]])


@pytest.mark.parametrize("boundary", ["", "x" * 71, "with\r\nline", "blank ", "ümlaut", 'quote"'])
def test_a_boundary_outside_the_rules_is_refused(boundary: str) -> None:
    with pytest.raises(InvalidRequest):
        MultipartReader(boundary)


def test_long_headers_are_refused_before_they_are_kept() -> None:
    reader = MultipartReader(BOUNDARY)
    reader.feed(b"--a-boundary\r\nX: ")
    with pytest.raises(LimitExceeded):
        for _ in range(100):
            reader.feed(b"y" * 1000)
            assert len(reader._rest) <= multipart.MAX_PART_HEADER_BYTES


def test_a_body_that_does_not_begin_with_its_boundary_is_refused_early() -> None:
    reader = MultipartReader(BOUNDARY)
    with pytest.raises(InvalidRequest):
        reader.feed(b"\r\n" * multipart.MAX_PREAMBLE_BYTES)


def test_too_many_parts_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multipart, "MAX_PARTS", 3)
    with pytest.raises(LimitExceeded):
        read([body_of([({}, b"")] * 4)])
