"""An answer's body as pieces that are never joined: measured, cut to a byte range, sent with backpressure."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from isocenter.runtime.web import Body, Request

MAX_SEND_BYTES = 1 << 20
RELEASE_EVERY_BYTES = 16 << 20


def length_of(pieces: Iterable[Body]) -> int:
    """Bytes in all."""
    return sum(len(piece) for piece in pieces)


def cut(pieces: Sequence[Body], start: int, end: int) -> list[Body]:
    """The bytes `[start, end)` of the whole, memoryviews where the pieces are."""
    found: list[Body] = []
    place = 0
    for piece in pieces:
        low, high = max(start - place, 0), min(end - place, len(piece))
        if low < high:
            found.append(piece if (low, high) == (0, len(piece)) else piece[low:high])
        place += len(piece)
    return found


def bounded(piece: Body) -> Iterator[Body]:
    """The piece in steps that a slow client may take one at a time."""
    if len(piece) <= MAX_SEND_BYTES:
        yield piece
        return
    for start in range(0, len(piece), MAX_SEND_BYTES):
        yield piece[start : start + MAX_SEND_BYTES]


def nothing() -> None:
    """Release nothing."""


async def write_pieces(
    request: Request,
    pieces: Sequence[Body],
    *,
    last: bool,
    release: Callable[[], None] = nothing,
) -> None:
    """Send the pieces; `last` ends the body. The server waits between sends while the client is slow.

    `release` is called now and then in a long body, so that mapped pages that were sent can go.
    """
    remaining = len(pieces)
    sent = 0
    for piece in pieces:
        remaining -= 1
        left = len(piece)
        for step in bounded(piece):
            left -= len(step)
            await request.write(step, more=not (last and remaining == 0 and left == 0))
            sent += len(step)
            if sent >= RELEASE_EVERY_BYTES:
                release()
                sent = 0
    if last and not pieces:
        await request.write(b"", more=False)
