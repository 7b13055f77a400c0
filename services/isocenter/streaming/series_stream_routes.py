"""`GET .../stream`: a whole series in one request (beyond the standard; `renditions/SERIES_STREAM.md`)."""

from collections.abc import Sequence

from isocenter.errors import InvalidRequest
from isocenter.renditions.series_stream import MEDIA_TYPE, Asked, read_have
from isocenter.runtime.caller import Action
from isocenter.runtime.web import Request, Route
from isocenter.streaming.answers import REVALIDATE
from isocenter.streaming.arranging import Arrangements
from isocenter.streaming.base_url import PREFIX, base_url
from isocenter.streaming.pieces import bounded
from isocenter.streaming.series_documents import SeriesDocuments
from isocenter.streaming.series_streams import Opened, SeriesStreams
from isocenter.streaming.stored import Instances

MAX_DIGITS = 9
_PARAMETERS = frozenset({"focus", "from", "to", "of", "have", "documents"})


class SeriesStreamRoutes:
    """Handlers of series streams."""

    def __init__(
        self,
        streams: SeriesStreams,
        arrangements: Arrangements,
        instances: Instances,
        public_url: str = "",
    ) -> None:
        self._streams = streams
        self._arrangements = arrangements
        self._instances = instances
        self._public_url = public_url

    def routes(self) -> list[Route]:
        """Of a study and of a series."""
        study = f"{PREFIX}/studies/{{study}}"
        return [
            Route("GET", f"{study}/stream", Action.RETRIEVE, self.first),
            Route("GET", f"{study}/series/{{series}}/stream", Action.RETRIEVE, self.stream),
        ]

    async def first(self, request: Request) -> None:
        """The series a reader sees first, from where one begins to read: nothing has to be asked before it."""
        study = request.params["study"]
        series = await self._arrangements.first(study)
        opened = await self._streams.open(study, series)
        await self._respond(request, opened, opened.start)

    async def stream(self, request: Request) -> None:
        """Records until all that was asked for is sent; a client that has enough closes."""
        params = request.params
        opened = await self._streams.open(params["study"], params["series"])
        await self._respond(request, opened, len(opened.frames) // 2)

    async def _respond(self, request: Request, opened: Opened, focus: int) -> None:
        asked = asked_of(request.query, opened, focus)
        documents = None
        if dict(request.query).get("documents", "0") != "0":
            documents = SeriesDocuments(self._instances, base_url(request, self._public_url))
        headers = [
            ("Content-Type", MEDIA_TYPE),
            ("Cache-Control", REVALIDATE),
            ("X-Content-Type-Options", "nosniff"),
        ]
        await request.start(200, headers)
        async for piece in self._streams.records(opened, asked, documents):
            for step in bounded(piece):
                await request.write(step)
        await request.write(b"", more=False)


def asked_of(query: Sequence[tuple[str, str]], opened: Opened, focus: int) -> Asked:
    """Read `focus`, else the given one, `from`, `to`, `of` and `have`; raises InvalidRequest.

    What a client has of other frames than these is of no use.
    """
    given = dict(query)
    if given.keys() - _PARAMETERS or given.get("documents", "0") not in ("0", "1"):
        raise InvalidRequest(
            "a series stream is asked for with focus, from, to, of and have, and documents=1"
        )
    told = _number(given.get("focus"))
    have = read_have(given.get("have", ""), len(opened.frames))
    if have and not given.get("of"):
        raise InvalidRequest("have is told with of, which the index of that stream has")
    return Asked(
        focus if told is None else told,
        _number(given.get("from")),
        _number(given.get("to")),
        have if given.get("of") == opened.of else None,
    )


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS):
        raise InvalidRequest("focus, from and to are numbers from 0")
    return int(text)
