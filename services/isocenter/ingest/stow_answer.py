"""The answer to a STOW-RS request: what became of each instance, as DICOM JSON (PS3.18 10.5.3, PS3.18 Annex I)."""

import json
from collections.abc import Sequence
from http import HTTPStatus

from isocenter import errors
from isocenter.dicom.uids import is_valid_uid
from isocenter.errors import IsocenterError, TransientError, Unavailable
from isocenter.ingest.outcome import Outcome
from isocenter.ingest.sinks import SopMismatch
from isocenter.ingest.upload import PartResult, Refused

MEDIA_TYPE = "application/dicom+json"
RETRY_AFTER_S = 30.0

OUT_OF_RESOURCES = 0xA700
DOES_NOT_MATCH = 0xA900
CANNOT_UNDERSTAND = 0xC000
SYNTAX_NOT_SUPPORTED = 0xC122
PROCESSING_FAILURE = 0x0110

# failure reasons as for C-STORE (PS3.4 B.2.3); those in the 0xC000 range say "cannot understand"
REASONS: dict[type[IsocenterError], int] = {
    errors.TransientError: OUT_OF_RESOURCES,
    SopMismatch: DOES_NOT_MATCH,
    errors.Conflict: DOES_NOT_MATCH,  # of another study than the URL's
    errors.InvalidInstance: CANNOT_UNDERSTAND,
    errors.InvalidRequest: CANNOT_UNDERSTAND,
    errors.LimitExceeded: CANNOT_UNDERSTAND,
    errors.UnsupportedMediaType: CANNOT_UNDERSTAND,
    errors.UnsupportedSyntax: SYNTAX_NOT_SUPPORTED,
}

Attributes = dict[str, dict[str, object]]


def failure_reason(error: IsocenterError | None) -> int:
    """Give the code for an error, by the nearest class in the table."""
    for kind in type(error).__mro__:
        if kind in REASONS:
            return REASONS[kind]
    return PROCESSING_FAILURE


def answer(results: Sequence[PartResult], base_url: str) -> tuple[int, bytes]:
    """Status and body: 200 all stored, 202 some, 409 none (PS3.18 10.5.3.1).

    Raises Unavailable when nothing was stored for reasons that pass: then the whole request is worth sending again.
    """
    stored = [result for result in results if _is_stored(result)]
    if not stored and any(isinstance(_error_of(result), TransientError) for result in results):
        raise Unavailable("nothing can be stored just now", retry_after_s=RETRY_AFTER_S)
    if not stored:
        status = HTTPStatus.CONFLICT
    else:
        status = HTTPStatus.OK if len(stored) == len(results) else HTTPStatus.ACCEPTED
    return status, json.dumps(_document(results, base_url), separators=(",", ":")).encode()


def _document(results: Sequence[PartResult], base_url: str) -> Attributes:
    stored: list[Attributes] = []
    failed: list[Attributes] = []
    nameless: list[Attributes] = []
    studies: set[str] = set()
    for result in results:
        if isinstance(result, Outcome) and _is_stored(result):
            studies.add(result.study_instance_uid)
            stored.append(_stored_item(result, base_url))
            continue
        item = {"00081197": _attribute("US", failure_reason(_error_of(result)))}
        if isinstance(result, Outcome | Refused) and is_valid_uid(result.sop_instance_uid):
            failed.append(_names(result) | item)
        else:
            nameless.append(item)  # Other Failures Sequence: no instance can be named
    document: Attributes = {}
    if len(studies) == 1:
        document["00081190"] = _attribute("UR", f"{base_url}/studies/{studies.pop()}")
    for tag, items in (("00081198", failed), ("00081199", stored), ("0008119A", nameless)):
        if items:
            document[tag] = {"vr": "SQ", "Value": items}
    return document


def _stored_item(outcome: Outcome, base_url: str) -> Attributes:
    url = (
        f"{base_url}/studies/{outcome.study_instance_uid}/series/{outcome.series_instance_uid}"
        f"/instances/{outcome.sop_instance_uid}"
    )
    return _names(outcome) | {"00081190": _attribute("UR", url)}


def _names(outcome: Outcome | Refused) -> Attributes:
    names = {"00081155": _attribute("UI", outcome.sop_instance_uid)}
    if is_valid_uid(outcome.sop_class_uid):
        names["00081150"] = _attribute("UI", outcome.sop_class_uid)
    return dict(sorted(names.items()))


def _attribute(vr: str, value: object) -> dict[str, object]:
    return {"vr": vr, "Value": [value]}


def _is_stored(result: PartResult) -> bool:
    return isinstance(result, Outcome) and result.status != "quarantined"


def _error_of(result: PartResult) -> IsocenterError | None:
    return result.error if isinstance(result, Outcome | Refused) else result
