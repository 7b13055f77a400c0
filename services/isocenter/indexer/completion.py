"""When a study is complete, and what was in it then. Timers follow from what is stored, so a restart loses none."""

from collections.abc import Sequence
from dataclasses import replace

from isocenter.api.journal.v1 import entries_pb2 as entries
from isocenter.errors import Corrupted
from isocenter.events.entries import EntryKind
from isocenter.indexer.attributes import load
from isocenter.indexer.decided import Decision, decode
from isocenter.ports.index_rows import InstanceState, StudyRow
from isocenter.ports.journal import Journal, Position, Stream

MODALITIES_IN_STUDY = "00080061"
Line = tuple[str, str]  # sop_instance_uid, digest


def manifest_of(states: Sequence[InstanceState]) -> list[Line]:
    """What is visible of a study, sorted."""
    return sorted(
        (state.sop_instance_uid, state.digest)
        for state in states
        if state.current and not (state.held or state.deleted)
    )


def previous_manifest(journal: Journal, at: Position | None) -> list[Line]:
    """The manifest of a completion's entry; empty without one."""
    if at is None:
        return []
    stream = Stream(at.node, at.epoch)
    for record in journal.read(stream, at.sequence - 1, at.sequence):
        if record.position == at and record.entry.kind == EntryKind.COMPLETION:
            message = decode(record)
            assert isinstance(message, entries.Completion)  # noqa: S101  (the kind says so)
            return [(line.sop_instance_uid, line.digest) for line in message.manifest]
    raise Corrupted("the journal lacks a completion")


def completion(
    study: StudyRow, manifest: Sequence[Line], previous: Sequence[Line], through_version: int
) -> Decision:
    """The next revision, with what changed since the last."""
    now, then = set(manifest), set(previous)
    kept = {sop for sop, _ in now}
    message = entries.Completion(
        study_instance_uid=study.study_instance_uid,
        revision=study.revision + 1,
        manifest=[
            entries.ManifestLine(sop_instance_uid=sop, digest=digest) for sop, digest in manifest
        ],
        through_version=through_version,
    )
    if study.revision:
        message.added_sop_instance_uids.extend(sorted({sop for sop, _ in now - then}))
        gone = {sop for sop, _ in then} - kept
        message.removed_sop_instance_uids.extend(sorted(gone))
    return Decision(EntryKind.COMPLETION, study.study_instance_uid, message)


def completed(study: StudyRow, revision: int, at: Position | None, version: int) -> StudyRow:
    """The study's row, complete."""
    return replace(
        study,
        version=max(version, study.version + 1),
        revision=revision,
        completed_at=at,
        complete=True,
        provisional=False,
    )


def modalities_of(study: StudyRow) -> list[str]:
    """What the settle time depends on."""
    values = load(study.answer).get(MODALITIES_IN_STUDY, {}).get("Value", [])
    return [str(value) for value in values]
