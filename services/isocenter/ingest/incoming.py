"""One data set on its way in: spooled and hashed as it comes, then scanned, then made durable or put in quarantine."""

import mmap

from isocenter.dicom import header, part10
from isocenter.dicom.uids import is_valid_uid
from isocenter.errors import Conflict, InvalidInstance, IsocenterError, LimitExceeded, StorageFailed
from isocenter.ingest.desk import Desk, Said
from isocenter.ingest.digesting import SpoolDigest
from isocenter.ingest.existing import digest_start
from isocenter.ingest.outcome import Finding, Outcome
from isocenter.ingest.quarantine import Rejected
from isocenter.ingest.receipt import build_receipt
from isocenter.ingest.sinks import SopMismatch
from isocenter.ingest.spool_map import with_mapping

COPY_BYTES = 1 << 20


class DatasetIncoming:
    """`sinks.Incoming` of a data set without preamble and File Meta; ours are written before it."""

    def __init__(self, desk: Desk, said: Said) -> None:
        self._desk = desk
        self._said = said
        self._digest: SpoolDigest | None = None
        self._spool = desk.objects.spool()
        self._gathering = desk.gatherings.enter()
        self._has_left = False
        try:
            self._open(said.sop_class_uid, said.sop_instance_uid)
            self._digest = SpoolDigest(
                desk.digesters,
                self._spool.fileno(),
                digest_start(said.transfer_syntax_uid),
                self._dataset_offset,
                is_direct=self._gathering is not None,
            )
            self._took = self._digest.took
        except BaseException:
            self.discard()
            raise

    def write(self, data: memoryview) -> None:
        """Take the next bytes; the memory may be used again after return."""
        if self._gathering is not None:
            if self._gathering.take(data):
                return
            self._spill()
        self._writer.write(data)
        self._took(data)

    def finish(self) -> Outcome:
        """Make it durable and say what became of it."""
        found: header.Header | None = None
        try:
            try:
                self._spill()
                if self._digest is not None and self._digest.complete():
                    self._spool.flush()
                found = self._scan()
                _check(self._said, found)
            except (InvalidInstance, LimitExceeded, Conflict) as error:
                return self._reject(error, found)
            return self._store(found)
        finally:
            self.discard()

    def discard(self) -> None:
        """Forget it."""
        if self._digest is not None:
            self._digest.cancel()
        self._spool.discard()
        if not self._has_left:
            self._has_left = True
            self._let_go()
            self._desk.gatherings.leave()

    def _spill(self) -> None:
        """Write and hash what was gathered, in one go each."""
        if self._gathering is not None:
            content = self._gathering.content()
            if content:
                self._writer.write(content)
                self._took(content)
            content.release()
            self._let_go()

    def _let_go(self) -> None:
        gathering, self._gathering = self._gathering, None
        if gathering is not None:
            self._desk.gatherings.give_back(gathering)

    def _open(self, sop_class_uid: str, sop_instance_uid: str) -> None:
        self._writer = self._desk.writer(self._spool)
        uids = (sop_class_uid, sop_instance_uid)
        known = [uid if is_valid_uid(uid) else "" for uid in uids]
        meta = part10.write_file_meta(known[0], known[1], self._said.transfer_syntax_uid)
        self._writer.write(meta)
        self._dataset_offset = len(meta)

    def _scan(self) -> header.Header:
        offset, said, limits = self._dataset_offset, self._said, self._desk.limits.scan
        return with_mapping(
            self._spool,
            self._writer.size_bytes,
            lambda data: header.scan(data, offset, said.transfer_syntax_uid, limits),
        )

    def _store(self, found: header.Header) -> Outcome:
        said = self._said
        digest = self._finish_digest()
        names = (found.sop_class_uid, found.sop_instance_uid)
        if names != (said.sop_class_uid, said.sop_instance_uid):
            found = self._rewrite(found)
        findings = (*said.findings, *(Finding(*finding) for finding in found.findings))
        receipt = build_receipt(found, digest, said.transfer_syntax_uid, said.sender, findings)
        receipt.size_bytes = self._writer.size_bytes
        receipt.dataset_offset = self._dataset_offset
        if not said.is_command and said.sop_instance_uid not in ("", found.sop_instance_uid):
            receipt.sender.media_storage_sop_instance_uid = said.sop_instance_uid
        status = self._desk.acknowledger.store(self._spool, receipt)
        uids = (*names, found.study_instance_uid, found.series_instance_uid)
        return Outcome(status, *uids, digest, findings)

    def _finish_digest(self) -> str:
        if self._digest is None:
            raise StorageFailed("the spool is gone")
        try:
            return self._digest.result()
        except OSError as error:
            raise StorageFailed("the spool could not be read") from error

    def _rewrite(self, found: header.Header) -> header.Header:
        """Copy the data set behind a File Meta that names what is in it, and scan it there."""
        old, offset, size = self._spool, self._dataset_offset, self._writer.size_bytes
        self._spool = self._desk.objects.spool()
        try:
            self._open(found.sop_class_uid, found.sop_instance_uid)
            with_mapping(old, size, lambda data: self._copy(data, offset))
        finally:
            old.discard()
        return self._scan()

    def _copy(self, data: mmap.mmap, offset: int) -> None:
        for start in range(offset, len(data), COPY_BYTES):
            self._writer.write(data[start : start + COPY_BYTES])

    def _reject(self, error: IsocenterError, found: header.Header | None) -> Outcome:
        if self._digest is not None:
            self._digest.cancel()
        said = self._said
        sop = found.sop_instance_uid if found else said.sop_instance_uid
        rejected = Rejected(
            error,
            said.sender,
            said.transfer_syntax_uid,
            sop_class_uid=found.sop_class_uid if found else "",
            sop_instance_uid=sop if is_valid_uid(sop) else "",
            study_instance_uid=found.study_instance_uid if found else "",
            series_instance_uid=found.series_instance_uid if found else "",
        )
        return self._desk.quarantine.keep(self._spool, self._writer.size_bytes, rejected)


def _check(said: Said, found: header.Header) -> None:
    if said.is_command and found.sop_class_uid != said.sop_class_uid:
        message = "the data set is of another SOP class than the command says"
        raise SopMismatch(message, code="sop_class_mismatch", tag="00080016")
    if said.is_command and found.sop_instance_uid != said.sop_instance_uid:
        message = "the data set is another SOP instance than the command says"
        raise SopMismatch(message, code="sop_instance_mismatch", tag="00080018")
    if said.study_instance_uid not in ("", found.study_instance_uid):
        message = "the data set is of another study than the request says"
        raise Conflict(message, code="study_mismatch", tag="0020000D")
