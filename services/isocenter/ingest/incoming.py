"""One data set on its way in: buffered and hashed as it comes, then scanned, then made durable or put in quarantine."""

import mmap

from isocenter.dicom import header, part10
from isocenter.dicom.encoding import Buffer
from isocenter.dicom.uids import is_valid_uid
from isocenter.errors import Conflict, InvalidInstance, IsocenterError, LimitExceeded
from isocenter.ingest.desk import Desk, Said
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
        self._is_over = False
        self._open(said.sop_class_uid, said.sop_instance_uid)
        self._writer.start_digest(desk.digesters, digest_start(said.transfer_syntax_uid))

    def write(self, data: memoryview) -> None:
        """Take the next bytes; the memory may be used again after return."""
        self._writer.write(data)

    def finish(self) -> Outcome:
        """Make it durable and say what became of it."""
        found: header.Header | None = None
        try:
            try:
                self._writer.end()
                found = self._scan()
                _check(self._said, found)
            except (InvalidInstance, LimitExceeded, Conflict) as error:
                return self._reject(error, found)
            return self._store(found)
        finally:
            self.discard()

    def discard(self) -> None:
        """Forget it."""
        if not self._is_over:
            self._is_over = True
            self._writer.release()
            self._spool.discard()

    def _open(self, sop_class_uid: str, sop_instance_uid: str) -> None:
        self._spool = self._desk.objects.spool()
        self._writer = self._desk.writer(self._spool)
        uids = (sop_class_uid, sop_instance_uid)
        known = [uid if is_valid_uid(uid) else "" for uid in uids]
        meta = part10.write_file_meta(known[0], known[1], self._said.transfer_syntax_uid)
        self._writer.write(meta)
        self._dataset_offset = len(meta)

    def _scan(self) -> header.Header:
        content = self._writer.content()
        if content is not None:
            return self._scanned(content)
        return with_mapping(self._spool, self._writer.size_bytes, self._scanned)

    def _scanned(self, data: Buffer) -> header.Header:
        syntax, limits = self._said.transfer_syntax_uid, self._desk.limits.scan
        return header.scan(data, self._dataset_offset, syntax, limits)

    def _store(self, found: header.Header) -> Outcome:
        said = self._said
        digest = self._writer.digest()
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

    def _rewrite(self, found: header.Header) -> header.Header:
        """Copy the data set behind a File Meta that names what is in it, and scan it there."""
        spool, writer, offset = self._spool, self._writer, self._dataset_offset
        try:
            self._open(found.sop_class_uid, found.sop_instance_uid)
            with_mapping(spool, writer.size_bytes, lambda data: self._copy(data, offset))
            self._writer.end()
        finally:
            writer.release()
            spool.discard()
        return self._scan()

    def _copy(self, data: mmap.mmap, offset: int) -> None:
        for start in range(offset, len(data), COPY_BYTES):
            self._writer.write(data[start : start + COPY_BYTES])

    def _reject(self, error: IsocenterError, found: header.Header | None) -> Outcome:
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
