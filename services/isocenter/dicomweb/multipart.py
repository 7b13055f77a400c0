"""Read a multipart body as it comes (RFC 2046 5.1, RFC 2387); STOW-RS feeds it, part by part to the spool.

A push parser: bytes go in as the network gives them, events come out. Of a part's content nothing is kept but what
may be the beginning of a delimiter, so memory does not depend on the body. Content comes out as views of what was
fed in, without a copy.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from isocenter.errors import InvalidRequest, LimitExceeded

MAX_PREAMBLE_BYTES = 4096
MAX_PART_HEADER_BYTES = 8192
MAX_PADDING_BYTES = 64  # blanks after a delimiter
MAX_PARTS = 100_000

# RFC 2046 5.1.1: bchars, and a blank may not be the last
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]", re.ASCII)
_HEADER_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_LINE_END = b"\r\n"
_HEADERS_END = b"\r\n\r\n"
_CLOSING = b"--"
_MORE = -1  # a step cannot go on with what is there


@dataclass(frozen=True, slots=True)
class PartStart:
    """A part begins. Header names are in lower case; of a repeated header the last one counts."""

    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class PartEnd:
    """The part is whole."""


MultipartEvent = PartStart | memoryview | PartEnd  # a view is never empty


class MultipartReader:
    """Turn the bytes of one body into events.

    Raises InvalidRequest when the body is not what its boundary says, LimitExceeded when a cap is reached; nothing can
    be read after either.
    """

    def __init__(self, boundary: str) -> None:
        if _BOUNDARY.fullmatch(boundary) is None:
            raise InvalidRequest("the boundary of the multipart body is missing or malformed")
        self._delimiter = _LINE_END + b"--" + boundary.encode("ascii")
        self._rest = _LINE_END  # the first delimiter needs no line end before it
        self._step: Callable[[bytes, int], int] = self._preamble
        self._events: list[MultipartEvent] = []
        self._parts = 0
        self._preamble_bytes = 0

    def feed(self, chunk: bytes) -> list[MultipartEvent]:
        """Give what these bytes complete; a view refers to `chunk`, or to a copy of it, and stays true while held."""
        buffer = self._rest + chunk if self._rest else chunk
        self._rest = b""
        self._events = []
        at = 0
        while at < len(buffer):
            reached = self._step(buffer, at)
            if reached == _MORE:
                break
            at = reached
        return self._events

    def close(self) -> None:
        """Say that the body is over; raises InvalidRequest when its closing delimiter did not come."""
        if self._step != self._epilogue:
            raise InvalidRequest("the multipart body ends before its closing delimiter")

    def _preamble(self, buffer: bytes, at: int) -> int:
        found = buffer.find(self._delimiter, at)
        end = found if found >= 0 else self._delimiter_may_start(buffer, at)
        self._preamble_bytes += end - at
        if self._preamble_bytes > MAX_PREAMBLE_BYTES:
            raise InvalidRequest("the multipart body does not begin with its boundary")
        if found < 0:
            self._rest = buffer[end:]
            return _MORE
        self._step = self._after_delimiter
        return found + len(self._delimiter)

    def _after_delimiter(self, buffer: bytes, at: int) -> int:
        """Closing dashes, or blanks and the line's end."""
        if buffer.startswith(_CLOSING, at):
            self._step = self._epilogue
            return at + len(_CLOSING)
        end = buffer.find(_LINE_END, at, at + MAX_PADDING_BYTES + len(_LINE_END))
        padding = buffer[at : end if end >= 0 else at + MAX_PADDING_BYTES]
        if end < 0:
            return self._wait_for_delimiter_line(buffer[at:])
        if padding.strip(b" \t"):
            raise InvalidRequest("a delimiter of the multipart body goes on with something else")
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise LimitExceeded("the multipart body has too many parts", max_parts=MAX_PARTS)
        self._step = self._headers
        return end + len(_LINE_END)

    def _wait_for_delimiter_line(self, line: bytes) -> int:
        may_close = line == b"-"
        may_go_on = not line.removesuffix(b"\r").strip(b" \t")
        if len(line) > MAX_PADDING_BYTES or not (may_close or may_go_on):
            raise InvalidRequest("a delimiter of the multipart body goes on with something else")
        self._rest = line
        return _MORE

    def _headers(self, buffer: bytes, at: int) -> int:
        if buffer.startswith(_LINE_END, at):
            end, after = at, at + len(_LINE_END)
        else:
            end = buffer.find(_HEADERS_END, at, at + MAX_PART_HEADER_BYTES + len(_HEADERS_END))
            after = end + len(_HEADERS_END)
        if end < 0:
            if len(buffer) - at > MAX_PART_HEADER_BYTES:
                raise LimitExceeded(
                    "the headers of a part are too long", max_header_bytes=MAX_PART_HEADER_BYTES
                )
            self._rest = buffer[at:]
            return _MORE
        self._events.append(PartStart(_parse_headers(buffer[at:end])))
        self._step = self._content
        return after

    def _content(self, buffer: bytes, at: int) -> int:
        found = buffer.find(self._delimiter, at)
        end = found if found >= 0 else self._delimiter_may_start(buffer, at)
        if end > at:
            self._events.append(memoryview(buffer)[at:end])
        if found < 0:
            self._rest = buffer[end:]
            return _MORE
        self._events.append(PartEnd())
        self._step = self._after_delimiter
        return found + len(self._delimiter)

    def _epilogue(self, buffer: bytes, at: int) -> int:
        """What follows the closing delimiter has no meaning."""
        del at
        return len(buffer)

    def _delimiter_may_start(self, buffer: bytes, at: int) -> int:
        """Where the longest end of `buffer` begins that is a beginning of the delimiter; its length when none is."""
        start = buffer.find(b"\r", max(at, len(buffer) - len(self._delimiter) + 1))
        while start >= 0:
            if self._delimiter.startswith(buffer[start:]):
                return start
            start = buffer.find(b"\r", start + 1)
        return len(buffer)


def _parse_headers(block: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in block.split(_LINE_END) if block else ():
        name, colon, value = line.partition(b":")
        if not colon or _HEADER_NAME.fullmatch(name) is None:
            raise InvalidRequest("a header of a part is malformed")
        headers[name.decode("ascii").lower()] = value.decode("latin-1").strip()
    return headers
