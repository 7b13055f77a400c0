"""What every index makes of a query before it speaks its own language, and of an instance for an answer."""

from dataclasses import replace

from isocenter.dicom.json_values import JsonObject
from isocenter.dicom.matching import Match, SingleValue
from isocenter.errors import InvalidRequest
from isocenter.ports.index import Query

MAX_CONDITIONS = 64
MAX_WORDS = 12
MAX_OFFSET = (1 << 31) - 1
PATIENT_NAME = "00100010"
# Attributes of an instance in a default answer (PS3.18 10.6.3.3.3), what its series and study add comes from theirs.
INSTANCE_ANSWER = (
    *(
        "00080005",
        "00080016",
        "00080018",
        "00080056",
        "00080201",
        "0020000D",
        "0020000E",
        "00200013",
    ),
    *("00280008", "00280010", "00280011", "00280100"),
)


def asked_of(query: Query) -> Query:
    """Put the study and series of the path among the conditions.

    Raises InvalidRequest for what cannot be asked.
    """
    if not (0 <= query.limit <= MAX_OFFSET and 0 <= query.offset <= MAX_OFFSET):
        raise InvalidRequest(f"limit and offset are numbers from 0 to {MAX_OFFSET}")
    if len(query.conditions) > MAX_CONDITIONS:
        raise InvalidRequest(f"more than {MAX_CONDITIONS} conditions")
    if len(query.words) > MAX_WORDS or not all(word.isalnum() for word in query.words):
        raise InvalidRequest(f"words are letters and digits, and not more than {MAX_WORDS}")
    path: list[Match] = []
    if query.study_instance_uid is not None:
        path.append(SingleValue("0020000D", "UI", (query.study_instance_uid,)))
    if query.series_instance_uid is not None:
        path.append(SingleValue("0020000E", "UI", (query.series_instance_uid,)))
    if query.series_instance_uid is not None and query.level == "study":
        raise InvalidRequest("a study search cannot name a series")
    return replace(query, conditions=(*path, *query.conditions))


def answer_of_instance(document: JsonObject) -> JsonObject:
    """Give the default answer of an instance out of its document."""
    return {tag: document[tag] for tag in INSTANCE_ANSWER if tag in document}
