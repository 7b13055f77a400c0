"""Delete a study, series or instance, and take it back: versioned tombstones in the journal."""

import asyncio
from dataclasses import dataclass
from hashlib import sha256

from isocenter.api.journal.v1 import entries_pb2 as entries
from isocenter.dicom.uids import is_valid_uid
from isocenter.errors import Conflict, InvalidRequest, NotFound
from isocenter.ingest.deciding import ID_DIGITS, MAX_REASON_CHARACTERS, decided, require_caller
from isocenter.ingest.record import Recorder
from isocenter.ports.clock import Clock
from isocenter.ports.index import Query
from isocenter.ports.index_rows import DeletionRow
from isocenter.runtime.asking import Asking
from isocenter.runtime.audit import Auditor
from isocenter.runtime.caller import Action, Caller

MAX_SAME_PREFIX = 16  # ids that differ in their last hexadecimal digit only


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be deleted; an empty UID means all of it."""

    study_instance_uid: str
    series_instance_uid: str = ""
    sop_instance_uid: str = ""

    def __post_init__(self) -> None:
        for uid in (self.study_instance_uid, self.series_instance_uid, self.sop_instance_uid):
            if uid and not is_valid_uid(uid):
                raise InvalidRequest("not a UID")


class Deletions:
    """Decides about deletions. The index is asked as `ask` does, the journal written in a thread."""

    def __init__(
        self,
        ask: Asking,
        recorder: Recorder,
        auditor: Auditor,
        clock: Clock,
        *,
        node: str,
        grace_ms: int,
    ) -> None:
        self._index = ask.index
        self._ask = ask
        self._recorder = recorder
        self._auditor = auditor
        self._clock = clock
        self._node = node
        self._grace_ms = grace_ms

    async def delete(self, target: Target, caller: Caller, reason: str) -> DeletionRow:
        """Delete what is visible now; durable on return. Raises NotFound when the index does not show it.

        What arrives later has a greater version and is not touched by this deletion.
        """
        require_caller(caller)
        if len(reason) > MAX_REASON_CHARACTERS:
            raise InvalidRequest("the reason is too long")
        if not await self._ask(self._is_visible, target):
            raise NotFound("nothing visible carries this name")
        version = self._clock.version()
        row = DeletionRow(
            deletion_id=self._id(target, version),
            study_instance_uid=target.study_instance_uid,
            series_instance_uid=target.series_instance_uid,
            sop_instance_uid=target.sop_instance_uid,
            version=version,
            caller=caller.name,
            reason=reason,
            purge_after_ms=self._clock.now_ms() + self._grace_ms,
            state="deleted",
        )
        await asyncio.to_thread(self._write_deletion, row, caller)
        return row

    async def undo(self, deletion_id: str, caller: Caller) -> DeletionRow:
        """Take a deletion back; durable on return.

        Raises NotFound when there is no such deletion in force, Conflict when its grace time is over: from then on its
        bytes may be gone.
        """
        require_caller(caller)
        row = await decided("deletion", deletion_id, self._standing)
        if self._clock.now_ms() >= row.purge_after_ms:
            raise Conflict("the time in which this deletion could be undone is over")
        await asyncio.to_thread(self._write_undeletion, row, caller)
        return row

    async def listed(self, limit: int, after: str) -> list[DeletionRow]:
        """Deletions in force, by id."""
        return await self._ask(self._index.deletions, "deleted", limit, after)

    def _is_visible(self, target: Target) -> bool:
        study, series, sop = (
            target.study_instance_uid,
            target.series_instance_uid,
            target.sop_instance_uid,
        )
        if sop:
            return bool(self._index.instances(study, series, sop))
        if series:
            query = Query("series", study_instance_uid=study, series_instance_uid=series)
            return self._index.count(query) > 0
        return self._index.study(study) is not None

    def _id(self, target: Target, version: int) -> str:
        name = f"{target.study_instance_uid}|{target.series_instance_uid}|{target.sop_instance_uid}"
        return sha256(f"{self._node}|{version}|{name}".encode("ascii")).hexdigest()[:ID_DIGITS]

    async def _standing(self, deletion_id: str) -> DeletionRow | None:
        before = deletion_id[:-1]
        rows = await self._ask(self._index.deletions, "deleted", MAX_SAME_PREFIX, before)
        return next((row for row in rows if row.deletion_id == deletion_id), None)

    def _write_deletion(self, row: DeletionRow, caller: Caller) -> None:
        study = row.study_instance_uid
        detail = f"delete {row.deletion_id} {row.series_instance_uid} {row.sop_instance_uid}"
        self._auditor.record_durably(caller, Action.DELETE, study, "allowed", detail)
        deletion = entries.Deletion(
            deletion_id=row.deletion_id,
            study_instance_uid=study,
            series_instance_uid=row.series_instance_uid,
            sop_instance_uid=row.sop_instance_uid,
            caller=row.caller,
            reason=row.reason,
            purge_after_ms=row.purge_after_ms,
        )
        self._recorder.record(study, [deletion], row.version)

    def _write_undeletion(self, row: DeletionRow, caller: Caller) -> None:
        study = row.study_instance_uid
        detail = f"undo {row.deletion_id}"
        self._auditor.record_durably(caller, Action.DELETE, study, "allowed", detail)
        undeletion = entries.Undeletion(
            deletion_id=row.deletion_id, study_instance_uid=study, caller=caller.name
        )
        self._recorder.record(study, [undeletion])
