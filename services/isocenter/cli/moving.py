"""`isocenter pull` from an archive without DICOMweb: it sends to the platform, and the two are compared at the end."""

import tempfile
import time
from pathlib import Path

import click

from isocenter.cli.client import Platform
from isocenter.cli.dicomweb_source import DicomwebSource, Name
from isocenter.cli.dimse_source import Archive, DimseSource, Moved
from isocenter.cli.getting import digests
from isocenter.cli.pulled import Pulled, digest_of
from isocenter.dicom.part10 import FileMeta

ARRIVED_WITHIN_S = 10.0  # after the last one came
PAUSE_S = 0.2


class Moving:
    """One run over one archive, which knows the platform's DICOM address by the title it is asked from."""

    def __init__(self, platform: Platform, source: DimseSource, archive: Archive) -> None:
        self._source = source
        self._archive = archive
        self._to = archive.own_ae_title
        self._here = DicomwebSource(platform.http("/dicom-web"))
        self._said: dict[str, list[Moved]] = {}
        self.pulled = Pulled()

    def close(self) -> None:
        """Let go of connections."""
        self._here.close()

    def study(self, study: str) -> None:
        """Have what of a study is not here sent: all of it, or the series that lack something."""
        wanted = self._source.instances(study)
        here = self._known(study)
        missing = [name for name in wanted if name.sop not in here]
        self.pulled.counts["here_already"] += len(wanted) - len(missing)
        if not missing:
            return
        series = list(dict.fromkeys(name.series for name in missing)) if here else [""]
        for one in series:
            self._said.setdefault(study, []).append(self._source.move(self._to, study, one))
        arrived = self._arrived(study, {name.sop for name in missing})
        self.pulled.counts["stored"] += len(arrived)

    def compare(self, study: str) -> None:
        """Hold the two lists against each other; tell what the other archive names and is not here."""
        names = self._source.instances(study)
        here = self._known(study)
        missing = [name for name in names if name.sop not in here]
        self.pulled.counts["compared"] += len(names)
        for name in missing:
            self.pulled.tell(name.sop, *self._why(name))

    def verify(self, study: str) -> None:
        """Read every instance at both ends, there by C-GET; tell those whose bytes differ."""
        here = {name.sop: self._read(name) for name in self._here.instances(study)}
        kinds = {
            (meta.media_storage_sop_class_uid, meta.transfer_syntax_uid)
            for meta, _ in here.values()
        }
        there = digests(self._archive, study, kinds)
        for sop in here.keys() & {name.sop for name in self._source.instances(study)}:
            meta, digest = here[sop]
            got = there.get(sop)
            if got is None:
                self.pulled.tell(sop, "not_given", "it did not come by C-GET")
            elif got.transfer_syntax_uid != meta.transfer_syntax_uid:
                self.pulled.tell(sop, "not_compared", "it comes in another transfer syntax now")
            elif got.digest != digest:
                self.pulled.tell(sop, "differs", "its bytes are not those that are here")
            else:
                self.pulled.counts["verified"] += 1

    def _read(self, name: Name) -> tuple[FileMeta, str]:
        with tempfile.TemporaryDirectory(prefix="isocenter-pull-") as folder:
            return digest_of(self._here.fetch(name, Path(folder) / "instance"))

    def _why(self, name: Name) -> tuple[str, str]:
        said = [one for one in self._said.get(name.study, []) if not one.is_whole]
        if said:
            statuses = ", ".join(sorted({f"{one.status:04X}" for one in said}))
            failed = sum(one.failed for one in said)
            return "not_given", f"its C-MOVE ended with {statuses}, {failed} failed"
        return "not_here", "it was said to be sent: perhaps it is held, or in quarantine"

    def _arrived(self, study: str, wanted: set[str]) -> set[str]:
        """Those that can be found, once all can or no more come."""
        found = wanted & self._known(study)
        ends_at = time.monotonic() + ARRIVED_WITHIN_S
        while found < wanted and time.monotonic() < ends_at:
            time.sleep(PAUSE_S)
            now = wanted & self._known(study)
            if len(now) > len(found):
                ends_at = time.monotonic() + ARRIVED_WITHIN_S
            found = now
        return found

    def _known(self, study: str) -> set[str]:
        try:
            return {name.sop for name in self._here.instances(study)}
        except click.ClickException:  # no such study yet
            return set()
