"""What waits in quarantine: repeats of the same bytes are one thing."""

from dataclasses import replace
from typing import Literal

from isocenter.api.journal.v1 import entries_pb2 as entries
from isocenter.ports.index_rows import QuarantineRow


def received(row: QuarantineRow | None, entry: entries.Quarantine, version: int) -> QuarantineRow:
    """Fold in one more arrival; it waits again when it came after a person dealt with the last one."""
    made = QuarantineRow(
        entry.digest,
        entry.object_key,
        entry.size_bytes,
        entry.reason,
        entry.message,
        entry.transfer_syntax_uid,
        entry.sop_instance_uid,
        entry.study_instance_uid,
        _who(entry.sender),
        version,
        1,
        "quarantined",
    )
    if row is None:
        return made
    repeats = row.repeats + 1
    if version >= row.version:
        return replace(made, repeats=repeats)
    if row.repeats == 0:  # the decision was read before what it is about
        return replace(made, repeats=repeats, version=row.version, state=row.state)
    return replace(row, repeats=repeats)


def handled(
    row: QuarantineRow | None, entry: entries.QuarantineHandled, version: int
) -> QuarantineRow:
    """Fold in a person's decision."""
    state: Literal["released", "dropped"] = "released" if entry.action == "released" else "dropped"
    if row is None:
        return QuarantineRow(entry.digest, "", 0, "", "", "", "", "", "", version, 0, state)
    if version < row.version:
        return row
    return replace(row, version=version, state=state)


def _who(sender: entries.Sender) -> str:
    name = sender.calling_ae_title or sender.caller
    return f"{sender.protocol}:{name}@{sender.address}"
