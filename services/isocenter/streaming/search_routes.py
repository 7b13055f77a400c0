"""QIDO-RS (PS3.18 10.6): searches for studies, series and instances, flat and nested."""

from collections.abc import Iterable
from dataclasses import replace

from isocenter.dicom.uids import is_valid_uid
from isocenter.dicomweb.negotiation import choose, prefers_xml
from isocenter.dicomweb.qido_parameters import SearchParameters, search_parameters
from isocenter.errors import InvalidRequest
from isocenter.ports.index import Among, Found, IndexReader, Level, Query
from isocenter.runtime.asking import Asking
from isocenter.runtime.caller import Action
from isocenter.runtime.web import Handler, Request, Route
from isocenter.streaming.answers import JSON_TYPES, accepted, check_characters
from isocenter.streaming.base_url import PREFIX, base_url
from isocenter.streaming.corrected import Corrections
from isocenter.streaming.search_answers import answer_of, joined, needs_documents
from isocenter.streaming.xml_answers import respond_xml

_PATHS: tuple[tuple[str, Level], ...] = (
    ("/studies", "study"),
    ("/series", "series"),
    ("/instances", "instance"),
    ("/studies/{study}/series", "series"),
    ("/studies/{study}/instances", "instance"),
    ("/studies/{study}/series/{series}/instances", "instance"),
)


class SearchRoutes:
    """Handlers of searches; `max_results` bounds one answer."""

    def __init__(
        self, index: IndexReader, ask: Asking, max_results: int, public_url: str = ""
    ) -> None:
        self._index = index
        self._ask = ask
        self._max_results = max_results
        self._public_url = public_url

    def routes(self) -> list[Route]:
        """All of them."""
        return [
            Route("GET", PREFIX + path, Action.QUERY, self._searching(level))
            for path, level in _PATHS
        ]

    def _searching(self, level: Level) -> Handler:
        async def handle(request: Request) -> None:
            await self._search(request, level)

        return handle

    async def _search(self, request: Request, level: Level) -> None:
        check_characters(request)
        as_xml = prefers_xml(accepted(request), JSON_TYPES)
        asked = search_parameters(request.query)
        base = base_url(request, self._public_url)
        found, remaining, query = await self._ask(self._answer, request, level, asked)
        answers = [answer_of(one, query, base, asked) for one in found]
        headers = [
            ("Cache-Control", "private, no-cache"),
            ("Vary", "Accept"),
        ]
        if remaining:
            text = f"There are {remaining} additional results that can be requested"
            headers.append(("Warning", f"299 {base}: {text}"))
        if as_xml:
            await respond_xml(request, answers, headers)
            return
        headers.append(("Content-Type", choose(accepted(request), JSON_TYPES)))
        await request.respond(200, joined(answers), headers)

    def _answer(
        self, request: Request, level: Level, asked: SearchParameters
    ) -> tuple[list[Found], int, Query]:
        """All that is asked of the index, one after the other."""
        query = self._query(request, level, asked)
        found, remaining = self._found(query, asked)
        return Corrections(self._index).found(query, found), remaining, query

    def _query(self, request: Request, level: Level, asked: SearchParameters) -> Query:
        study, series = request.params.get("study"), request.params.get("series")
        for uid in (study, series):
            if uid is not None and not is_valid_uid(uid):
                raise InvalidRequest("the address holds something that is not a UID")
        limit = self._max_results if asked.limit is None else min(asked.limit, self._max_results)
        page = asked.order, limit, asked.offset
        query = Query(level, asked.conditions, study, series, *page, words=asked.words)
        if asked.same_patient_as is not None:
            query = replace(query, among=self._among(asked.same_patient_as))
        return replace(query, full=True) if needs_documents(query, asked) else query

    def _among(self, studies: Iterable[str]) -> Among:
        """The patients of these studies; a study of nobody stands for itself alone, an unknown one for nothing."""
        rows = [row for row in map(self._index.study, studies) if row is not None]
        patients = dict.fromkeys(row.patient for row in rows if row.patient)
        return Among(tuple(patients), tuple(r.study_instance_uid for r in rows if not r.patient))

    def _found(self, query: Query, asked: SearchParameters) -> tuple[list[Found], int]:
        """The page, and how many results lie beyond it when the client could not know that it was cut."""
        if query.limit == 0:
            return [], 0
        if asked.limit is not None and asked.limit <= self._max_results:
            return self._index.search(query), 0
        found = self._index.search(replace(query, limit=query.limit + 1))
        if len(found) <= query.limit:
            return found, 0
        remaining = self._index.count(query) - query.offset - query.limit
        return found[: query.limit], max(1, remaining)
