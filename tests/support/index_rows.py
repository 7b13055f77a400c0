"""Index rows for tests: studies described by a few attributes, written as the indexer would."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from isocenter.dicom.words import words_of
from isocenter.ports.index import Level
from isocenter.ports.index_rows import IndexBatch, InstanceRow, SeriesRow, StudyRow

Document = dict[str, dict[str, object]]
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"


def element(vr: str, *values: object) -> dict[str, object]:
    """One element of DICOM JSON; without values an empty one."""
    return {"vr": vr, "Value": list(values)} if values else {"vr": vr}


def name(alphabetic: str = "", ideographic: str = "", phonetic: str = "") -> dict[str, object]:
    """A person name."""
    groups = {"Alphabetic": alphabetic, "Ideographic": ideographic, "Phonetic": phonetic}
    return element("PN", {group: text for group, text in groups.items() if text})


def dumped(document: Mapping[str, object]) -> bytes:
    """A document as bytes."""
    return json.dumps(document, ensure_ascii=False).encode()


def digest_of(number: int) -> str:
    """A sha256 that is none."""
    return f"{number:064x}"


def instance_row(
    study: str = "1.2",
    series: str | None = None,
    sop: str | None = None,
    *,
    digest: int = 1,
    version: int = 1,
    node: str = "node-1",
    first_version: int | None = None,
    number: int | None = 1,
    document: Document | None = None,
    current: bool = True,
    held: bool = False,
    deleted: bool = False,
) -> InstanceRow:
    """A visible CT image, unless told otherwise."""
    series = series or f"{study}.1"
    sop = sop or f"{series}.1"
    own = {"00080016": element("UI", CT_IMAGE), "00080018": element("UI", sop)}
    if number is not None:
        own["00200013"] = element("IS", number)
    return InstanceRow(
        study_instance_uid=study,
        series_instance_uid=series,
        sop_instance_uid=sop,
        digest=digest_of(digest),
        version=version,
        node=node,
        first_version=version if first_version is None else first_version,
        sop_class_uid=CT_IMAGE,
        transfer_syntax_uid=EXPLICIT_LITTLE,
        object_key=f"instances/{study}/{series}/{sop}~{digest_of(digest)[:32]}.dcm",
        size_bytes=1000,
        dataset_offset=340,
        deflated=False,
        pixel_data=b"\x08\x01",
        document=dumped(own | (document or {})),
        patient="ISSUER|ID",
        instance_number=number,
        number_of_frames=1,
        findings=(("odd_length", "00100010", "a value of odd length"),),
        current=current,
        held=held,
        deleted=deleted,
        receipts=((version, node),),
    )


def study_row(
    study: str = "1.2", document: Document | None = None, *, version: int = 1, **changes: object
) -> StudyRow:
    """A study's row; its answer tells its UID and version."""
    fields: dict[str, object] = {
        "study_instance_uid": study,
        "version": version,
        "answer": dumped({"0020000D": element("UI", study), "00209999": element("IS", version)}),
        "document": dumped({"0020000D": element("UI", study)} | (document or {})),
        "patient": "ISSUER|ID",
        "instances": 1,
        "last_change_ms": 1_000,
        "revision": 0,
        "complete": False,
    }
    return StudyRow(**(fields | changes))  # type: ignore[arg-type]


def series_row(
    study: str = "1.2",
    series: str | None = None,
    document: Document | None = None,
    *,
    version: int = 1,
) -> SeriesRow:
    """A series' row."""
    series = series or f"{study}.1"
    own = {"0020000E": element("UI", series)}
    return SeriesRow(study, series, version, dumped(own), dumped(own | (document or {})))


@dataclass
class Study:
    """A study with its attributes; each series has attributes and a list of instances' attributes."""

    uid: str
    attributes: Document = field(default_factory=dict)
    series: list[tuple[Document, list[Document]]] = field(default_factory=lambda: [({}, [{}])])

    def documents(self, level: Level) -> list[tuple[str, Document]]:
        """UID and attributes of all levels joined, for each study, series or instance."""
        whole: Document = {"0020000D": element("UI", self.uid)} | self.attributes
        if level == "study":
            return [(self.uid, whole)]
        found = []
        for place, (attributes, instances) in enumerate(self.series, 1):
            series = f"{self.uid}.{place}"
            joined = whole | {"0020000E": element("UI", series)} | attributes
            if level == "series":
                found.append((series, joined))
                continue
            for number, own in enumerate(instances, 1):
                row = instance_row(
                    self.uid, series, f"{series}.{number}", number=number, document=own
                )
                found.append((row.sop_instance_uid, joined | json.loads(row.document)))
        return found


def batch_of(studies: Sequence[Study], version: int = 1) -> IndexBatch:
    """All rows of these studies."""
    batch = IndexBatch()
    for study in studies:
        words = words_of(document for _, document in study.documents("instance"))
        row = study_row(study.uid, study.attributes, version=version, words=words)
        batch.studies.append(row)
        for place, (attributes, instances) in enumerate(study.series, 1):
            series = f"{study.uid}.{place}"
            batch.series.append(series_row(study.uid, series, attributes, version=version))
            batch.instances += [
                instance_row(
                    study.uid,
                    series,
                    f"{series}.{number}",
                    number=number,
                    document=own,
                    version=version,
                )
                for number, own in enumerate(instances, 1)
            ]
    return batch
