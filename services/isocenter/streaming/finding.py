"""C-FIND answered (PS3.4 C.4.1): an Identifier becomes the search that QIDO-RS would be, matches become its keys.

Keys above the level need not be there (relational queries, PS3.4 C.4.1.3.2), and any may be matched at any level that
an index can answer it at. A patient is named by issuer and id; who has no id is a patient of one study.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from isocenter.dicom.attributes import vr_of
from isocenter.dicom.json_attributes import first, text_of
from isocenter.dicom.json_attributes import values as values_of
from isocenter.dicom.levels import level_of
from isocenter.dicom.matching import Match
from isocenter.dicom.sequence_keys import Keys as Asked
from isocenter.dicom.sequence_keys import Reading, conditions_of
from isocenter.errors import InvalidRequest, LimitExceeded
from isocenter.ports.index import Found, IndexReader, Level, Query
from isocenter.runtime.asking import Asking
from isocenter.streaming.corrected import Corrections
from isocenter.streaming.found_items import Wanted, wanted_items
from isocenter.streaming.search_answers import DEPTH, default_attributes
from isocenter.streaming.view import Viewed, view

FindLevel = Literal["patient", "study", "series", "image"]
MAX_KEYS = 512
PAGE = 1_000
_LEVELS: dict[FindLevel, Level] = {
    "patient": "study",
    "study": "study",
    "series": "series",
    "image": "instance",
}
_PATIENT_ID, _ISSUER = "00100020", "00100021"
# Of the message, not of what is looked for: level, character set, time zone, where and whether it can be retrieved.
_NOT_MATCHED = frozenset({"00080005", "00080052", "00080201", "00080054", "00080056"})
_NOT_RETURNED = frozenset({"00080005", "00080052", "00080201", "00080054"})

Keys = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """An Identifier understood: what to search, and which keys the answers have."""

    level: FindLevel
    query: Query
    keys: tuple[str, ...]
    ignored: tuple[str, ...]  # keys with values that cannot be matched here
    items: Mapping[str, Wanted] = field(default_factory=dict)  # of the keys that are sequences


def understand(level: FindLevel, identifier: bytes, *, is_fuzzy: bool = False) -> Question:
    """Read an Identifier, DICOM JSON; raises InvalidRequest naming the key, LimitExceeded.

    `is_fuzzy` when fuzzy semantic matching of names was negotiated (PS3.4 C.5.1.1).
    """
    try:
        keys = orjson.loads(identifier)
    except ValueError:
        raise InvalidRequest("the identifier is not DICOM JSON") from None
    if not isinstance(keys, dict) or not all(isinstance(key, dict) for key in keys.values()):
        raise InvalidRequest("the identifier is not DICOM JSON")
    if len(keys) > MAX_KEYS:
        raise LimitExceeded("too many keys", max_keys=MAX_KEYS)
    conditions, ignored = _conditions(keys, is_fuzzy=is_fuzzy)
    query = Query(_LEVELS[level], conditions, limit=PAGE)
    returned = tuple(key for key in sorted(keys) if key not in _NOT_RETURNED)
    reachable = {key for key in returned if DEPTH[level_of(key)] <= DEPTH[query.level]}
    is_full = bool(reachable - default_attributes(query))
    query = Query(query.level, conditions, limit=PAGE, full=is_full)
    return Question(level, query, returned, ignored, wanted_items(keys, conditions))


def _conditions(keys: Keys, *, is_fuzzy: bool) -> tuple[tuple[Match, ...], tuple[str, ...]]:
    ignored: dict[str, None] = {}
    asked = {
        key: read
        for key, content in keys.items()
        if key not in _NOT_MATCHED and (read := _asked(key, content, ignored))
    }
    return conditions_of(asked, Reading(is_fuzzy)), tuple(ignored)


def _asked(key: str, content: Any, ignored: dict[str, None]) -> "Sequence[str] | Asked":
    """Values of a key, or the keys of its item; nothing where nothing is asked. Unknown ones go to `ignored`."""
    values = values_of({key: content}, key)
    vr = _vr(key)
    if not values or not vr:
        if values:
            ignored[key] = None
        return ()
    if vr != "SQ":
        return ("\\".join(map(text_of, values)),)
    if len(values) > 1 or not isinstance(values[0], dict | None):
        raise InvalidRequest(f"{key}: a sequence key has one item")
    inside = values[0] or {}
    return {tag: read for tag, one in inside.items() if (read := _asked(tag, one, ignored))}


def _vr(key: str) -> str:
    try:
        return vr_of(int(key, 16)).partition(" ")[0]
    except ValueError:
        raise InvalidRequest("the identifier is not DICOM JSON") from None


class Finder:
    """Answers questions over one index."""

    def __init__(self, index: IndexReader, ask: Asking) -> None:
        self._index = index
        self._ask = ask

    async def find(self, question: Question) -> AsyncIterator[list[bytes]]:
        """All answers, page by page, as DICOM JSON objects with the keys asked for."""
        patients: set[tuple[str, str]] = set()
        offset = 0
        while True:
            page = await self._ask(self._found, _page(question.query, offset))
            offset += len(page)
            answers = list(_answers(question, page, patients))
            if answers:
                yield answers
            if len(page) < PAGE:
                return

    def _found(self, query: Query) -> list[Found]:
        return Corrections(self._index).found(query, self._index.search(query))


def _page(query: Query, offset: int) -> Query:
    return Query(query.level, query.conditions, limit=PAGE, offset=offset, full=query.full)


def _answers(
    question: Question, page: Iterable[Found], patients: set[tuple[str, str]]
) -> Iterable[bytes]:
    for found in page:
        viewed = Viewed(
            found.study_instance_uid,
            found.series_instance_uid,
            found.sop_instance_uid,
            edit_version=found.edit_version,
        )
        (content,) = view(viewed, "answer", (found.content,))
        document = orjson.loads(content)
        if question.level == "patient" and _is_known(document, patients):
            continue
        yield orjson.dumps(
            {key: _member(document, key, question.items.get(key)) for key in question.keys}
        )


def _is_known(document: Keys, patients: set[tuple[str, str]]) -> bool:
    """Whether this patient was given already; nobody's studies are nobody's twice."""
    patient_id, issuer = (first(document, key) for key in (_PATIENT_ID, _ISSUER))
    if not patient_id:
        return False
    if (issuer, patient_id) in patients:
        return True
    patients.add((issuer, patient_id))
    return False


def _member(document: Keys, key: str, wanted: Wanted | None) -> dict[str, Any]:
    content = document.get(key)
    if content is None:
        return {"vr": _vr(key) or "UN"}
    return _without_bulk(content if wanted is None else wanted.of(content))


def _without_bulk(content: dict[str, Any]) -> dict[str, Any]:
    """Values that lie elsewhere are left out: an Identifier has no address for them."""
    if "BulkDataURI" in content:
        return {"vr": content["vr"]}
    if content["vr"] != "SQ":
        return content
    items = [
        {key: _without_bulk(member) for key, member in (item or {}).items()}
        for item in content.get("Value", [])
    ]
    return {"vr": "SQ", "Value": items}
