"""What a search returns of each match: the default attributes as bytes, or a choice out of the whole document."""

from collections.abc import Sequence

import orjson

from isocenter.dicom.levels import level_of
from isocenter.dicomweb.qido_parameters import SearchParameters
from isocenter.ports.index import Found, Level, Query
from isocenter.streaming.json_members import element, with_base, with_character_set, with_member
from isocenter.streaming.view import Viewed, view

RETRIEVE_URL = "00081190"
DEPTH: dict[str, int] = {"study": 0, "series": 1, "instance": 2}


def _tags(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Returned by default: PS3.18 tables 10.6.3-3 to 10.6.3-5, and what worklists show all the same.
_STUDY = _tags(
    "00080005 00080020 00080030 00080050 00080056 00080061 00080062 00080090 00080201 00081030 00081190 00100010 "
    "00100020 00100021 00100030 00100040 0020000D 00200010 00201206 00201208"
)
_SERIES = _tags(
    "00080005 00080021 00080031 00080056 00080060 0008103E 00080201 00081190 0020000E 00200011 00200060 00201209 "
    "00400244 00400245 00400275"
)
_INSTANCE = _tags(
    "00080005 00080016 00080018 00080056 00080201 00081190 0020000D 0020000E 00200013 00280008 00280010 00280011 "
    "00280100"
)


def default_attributes(query: Query) -> frozenset[str]:
    """What the default answer to a query holds; what the address already says of levels above is left out."""
    attributes = _STUDY if query.study_instance_uid is None else frozenset()
    if query.level == "study":
        return attributes
    if query.level == "series":
        return attributes | _SERIES
    return attributes | (_SERIES if query.series_instance_uid is None else frozenset()) | _INSTANCE


def needs_documents(query: Query, asked: SearchParameters) -> bool:
    """Tell whether more is asked than the default answer has; what lives below the level is never in an answer."""
    return asked.include_all or bool(_reachable(query.level, asked) - default_attributes(query))


def answer_of(found: Found, query: Query, base: str, asked: SearchParameters) -> bytes:
    """One match as a DICOM JSON object, with its Retrieve URL and character set."""
    content = found.content
    if query.full and not asked.include_all:
        content = _chosen(content, default_attributes(query) | _reachable(query.level, asked))
    if query.full:
        content = with_base(content, base)
    content = with_member(content, RETRIEVE_URL, element("UR", url_of(found, base)))
    viewed = Viewed(
        found.study_instance_uid,
        found.series_instance_uid,
        found.sop_instance_uid,
        edit_version=found.edit_version,
    )
    return bytes(view(viewed, "answer", (with_character_set(content),))[0])


def joined(answers: Sequence[bytes]) -> bytes:
    """The JSON array of all answers."""
    return b"[%s]" % b",".join(answers)


def url_of(found: Found, base: str) -> str:
    """Where a match is retrieved (PS3.18 10.6.3.3)."""
    url = f"{base}/studies/{found.study_instance_uid}"
    if found.series_instance_uid:
        url += f"/series/{found.series_instance_uid}"
    if found.sop_instance_uid:
        url += f"/instances/{found.sop_instance_uid}"
    return url


def _reachable(level: Level, asked: SearchParameters) -> frozenset[str]:
    return frozenset(tag for tag in asked.include if DEPTH[level_of(tag)] <= DEPTH[level])


def _chosen(document: bytes, tags: frozenset[str]) -> bytes:
    members = orjson.loads(document)
    kept = {tag: members[tag] for tag in sorted(members) if tag in tags}
    return orjson.dumps(kept)
