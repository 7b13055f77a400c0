"""What people decide about quarantined things: look, try again, or drop. The index is asked as `ask` does."""

import asyncio
from dataclasses import asdict

from isocenter.api.journal.v1 import entries_pb2 as entries
from isocenter.errors import Conflict, NotFound
from isocenter.ingest.deciding import require_caller
from isocenter.ingest.outcome import Outcome
from isocenter.ingest.preview import PREVIEW_BYTES, preview
from isocenter.ingest.purge_plan import quarantine_keys
from isocenter.ingest.receive import Receiver
from isocenter.ingest.record import Recorder
from isocenter.ports.index_rows import QuarantineRow
from isocenter.ports.objects import ObjectStore
from isocenter.runtime.asking import Asking
from isocenter.runtime.audit import Auditor
from isocenter.runtime.caller import Action, Caller

DIGEST_DIGITS = 64
MAX_SAME_PREFIX = 16  # digests that differ in their last hexadecimal digit only
# The bytes are sound, but the sender said something else of them: only a person knows which is true.
CONTRADICTIONS = frozenset({"sop_class_mismatch", "sop_instance_mismatch", "study_mismatch"})


class QuarantineDecisions:
    """Decides about things in quarantine; every change is durable, and audited, on return."""

    def __init__(
        self,
        ask: Asking,
        objects: ObjectStore,
        receiver: Receiver,
        recorder: Recorder,
        auditor: Auditor,
    ) -> None:
        self._index = ask.index
        self._ask = ask
        self._objects = objects
        self._receiver = receiver
        self._recorder = recorder
        self._auditor = auditor

    async def listed(self, limit: int, after: str, study: str | None) -> list[QuarantineRow]:
        """Who sent what, and why it is here; by digest."""
        return await self._ask(self._index.quarantines, "quarantined", study, limit, after)

    async def shown(self, digest: str) -> dict[str, object]:
        """One thing, with what can be read of its header. Raises NotFound."""
        row = await self._ask(self._find, digest)
        head = await asyncio.to_thread(self._objects.read, row.object_key, 0, PREVIEW_BYTES)
        return asdict(row) | {"header": preview(head)}

    async def release(self, digest: str, caller: Caller, *, force: bool) -> Outcome:
        """Try to accept it again; stored on return.

        `force` says that the data set is right and what its sender said of it was wrong. Raises NotFound, and Conflict
        with the reason when it cannot be accepted: then it stays in quarantine.
        """
        require_caller(caller)
        row = await self._ask(self._find, digest)
        if row.reason in CONTRADICTIONS and not force:
            raise Conflict(f"still not acceptable without force: {row.message}", code=row.reason)
        return await asyncio.to_thread(self._release, row, caller)

    async def drop(self, digest: str, caller: Caller) -> None:
        """Delete the bytes. Raises NotFound."""
        require_caller(caller)
        row = await self._ask(self._find, digest)
        await asyncio.to_thread(self._handle, row, caller, "dropped")

    def _find(self, digest: str) -> QuarantineRow:
        if len(digest) == DIGEST_DIGITS and set(digest) <= set("0123456789abcdef"):
            for row in self._index.quarantines("quarantined", None, MAX_SAME_PREFIX, digest[:-1]):
                if row.digest == digest:
                    return row
        raise NotFound("nothing in quarantine has this digest")

    def _release(self, row: QuarantineRow, caller: Caller) -> Outcome:
        sender = entries.Sender(protocol="release", address=caller.address, caller=caller.name)
        incoming = self._receiver.begin_again(sender)
        try:
            for chunk in self._objects.stream(row.object_key):
                incoming.write(memoryview(chunk))
        except BaseException:
            incoming.discard()
            raise
        outcome = incoming.finish()
        if outcome.status == "quarantined":
            error = outcome.error
            code = str(error.fields.get("code", error.reason)) if error else row.reason
            raise Conflict(f"still not acceptable: {error.message if error else ''}", code=code)
        self._handle(row, caller, "released")
        return outcome

    def _handle(self, row: QuarantineRow, caller: Caller, action: str) -> None:
        """Audit, remove the bytes, say so: a crash between leaves the thing listed, and the same can be done again."""
        study = row.study_instance_uid
        detail = f"{action} {row.digest}"
        self._auditor.record_durably(caller, Action.HANDLE_QUARANTINE, study, "allowed", detail)
        for key in quarantine_keys(row.object_key):
            self._objects.delete(key)
        handled = entries.QuarantineHandled(digest=row.digest, action=action, caller=caller.name)
        self._recorder.record(study, [handled])
