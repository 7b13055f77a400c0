"""Candidates held against their documents, where terms cannot say it all: which keys one item of a sequence meets."""

from base64 import b64decode
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from isocenter.adapters.index.documents import speaking
from isocenter.adapters.index.opensearch.contents import Ids
from isocenter.adapters.index.opensearch.generation import Generation
from isocenter.adapters.index.opensearch.names import Kind
from isocenter.adapters.index.opensearch.pages import SOURCES_PER_PAGE, Deadline
from isocenter.adapters.index.opensearch.rows import DOCUMENT
from isocenter.dicom.document_matching import tag_of, test_of
from isocenter.dicom.matching import Match


def checked(
    generation: Generation, conditions: Sequence[Match], found: Iterator[Ids], deadline: Deadline
) -> Iterator[Ids]:
    """Those that meet the conditions, in their order; documents are fetched some at a time."""
    tests = [(tag_of(condition), test_of(condition)) for condition in conditions]
    while some := list(islice(found, SOURCES_PER_PAGE)):
        deadline.left_ms()
        documents = (
            _documents(generation, "studies", (one.study for one in some)),
            _documents(generation, "series", (one.series for one in some)),
            _documents(generation, "instances", (one.instance for one in some)),
        )
        for one in some:
            packed = [of.get(key) for of, key in zip(documents, one, strict=True)]
            if all(test(speaking(tag, *packed)) for tag, test in tests):
                yield one


def _documents(generation: Generation, kind: Kind, ids: Iterable[str]) -> dict[str, bytes]:
    wanted = [key for key in dict.fromkeys(ids) if key]
    stored = generation.server.get_all(generation.index(kind), wanted, (DOCUMENT,))
    return {
        key: b64decode(one.source[DOCUMENT])
        for key, one in stored.items()
        if DOCUMENT in one.source
    }
