"""What matches hold: their own attributes, and those of the levels above that the path of the query does not name."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from isocenter.adapters.index.documents import merged
from isocenter.adapters.index.opensearch.generation import Generation
from isocenter.adapters.index.opensearch.names import Kind
from isocenter.adapters.index.opensearch.rows import ANSWER, DOCUMENT, bytes_of
from isocenter.adapters.index.opensearch.server import Json
from isocenter.adapters.index.queries import answer_of_instance
from isocenter.dicom.json_values import JsonObject
from isocenter.ports.index import Found, Query

EDIT_VERSION = "edit_version"


class Ids(NamedTuple):
    """Ids of the documents a match is made of; empty below its level."""

    study: str
    series: str = ""
    instance: str = ""


class Contents:
    """Contents of some matches, fetched together."""

    def __init__(self, generation: Generation, query: Query, page: Sequence[Ids]) -> None:
        self._generation = generation
        self._page = page
        self._query = query
        self._content = DOCUMENT if query.full else ANSWER
        self._studies = self._fetched("studies", self._content, (one.study for one in page))
        self._series = self._fetched("series", self._content, (one.series for one in page))
        self._instances = self._fetched("instances", DOCUMENT, (one.instance for one in page))
        self._read: dict[str, JsonObject] = {}

    def found(self) -> Iterator[Found]:
        """The matches with their content; one that went since it was found is left out."""
        for ids in self._page:
            lowest = self._lowest(ids)
            source = self._studies.get(ids.study)
            if lowest is not None and source is not None:
                series, sop = ids.series.partition("~")[2], ids.instance.partition("~")[0]
                content = self._joined(ids, lowest)
                yield Found(ids.study, series, sop, content, source[EDIT_VERSION])

    def _lowest(self, ids: Ids) -> Json | None:
        if ids.instance:
            return self._instances.get(ids.instance)
        return self._series.get(ids.series) if ids.series else self._studies.get(ids.study)

    def _joined(self, ids: Ids, lowest: Json) -> bytes:
        above: list[JsonObject] = []
        if ids.series and self._query.study_instance_uid is None:
            above.append(self._attributes(self._studies, ids.study))
        if ids.instance:
            if self._query.series_instance_uid is None:
                above.append(self._attributes(self._series, ids.series))
            document = _loaded(lowest, DOCUMENT)
            return merged(*above, document if self._query.full else answer_of_instance(document))
        if above:
            return merged(*above, self._attributes(self._series, ids.series))
        return bytes_of(lowest, self._content) or b"{}"

    def _attributes(self, sources: dict[str, Json], key: str) -> JsonObject:
        """Attributes of a level above, read once for all below it."""
        if key not in self._read:
            self._read[key] = _loaded(sources.get(key, {}), self._content)
        return self._read[key]

    def _fetched(self, kind: Kind, content: str, ids: Iterable[str]) -> dict[str, Json]:
        wanted = [key for key in dict.fromkeys(ids) if key]
        stored = self._generation.server.get_all(
            self._generation.index(kind), wanted, (content, EDIT_VERSION)
        )
        return {key: one.source for key, one in stored.items()}


def _loaded(source: Json, content: str) -> JsonObject:
    read: JsonObject = json.loads(bytes_of(source, content) or b"{}")
    return read
