"""A folder that other software reads as a DICOM medium: files named as PS3.10 8 asks, and a DICOMDIR (PS3.3 F)."""

from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.fileset import FileSet

# Of a directory record's keys of type 1 (PS3.3 F.5), what DCMTK's dcmmkdir writes where the object has none.
INVENTED = {
    "StudyDate": "19000101",
    "StudyTime": "000000",
    "StudyID": "0",
    "Modality": "OT",
    "SeriesNumber": "0",
    "InstanceNumber": "0",
}
# What pydicom's directory records are made of; the rest of an object may be odd, or large.
KEYS = """
    SpecificCharacterSet SOPClassUID SOPInstanceUID PatientName PatientID StudyInstanceUID
    StudyDate StudyTime StudyID StudyDescription AccessionNumber Modality SeriesInstanceUID
    SeriesNumber InstanceNumber ImageType NumberOfFrames Rows Columns DoseSummationType
    StructureSetLabel StructureSetDate StructureSetTime RTPlanLabel RTPlanDate RTPlanTime
    TreatmentDate TreatmentTime PresentationCreationDate PresentationCreationTime ContentLabel
    ContentDescription ContentCreatorName ReferencedSeriesSequence BlendingSequence
    CompletionFlag VerificationFlag ContentDate ContentTime VerificationDateTime
    ConceptNameCodeSequence ContentSequence ReferencedImageEvidenceSequence DataPointRows
    DataPointColumns DocumentTitle MIMETypeOfEncapsulatedDocument HL7InstanceIdentifier
""".split()  # noqa: SIM905  (a list of a line each says no more)


class Medium:
    """Collects Part 10 files, then gives them their names below `root` and writes the DICOMDIR.

    What a directory record needs and an object lacks is invented in the record alone; the files are never changed.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._files = FileSet()
        self._files.ID = "ISOCENTER"
        self._contents: dict[str, Path] = {}
        self._others: list[Path] = []

    def add(self, path: Path) -> bool:
        """Take a file that lies on the same file system; False when it can be on the medium but not in its DICOMDIR."""
        header = dcmread(path, specific_tags=KEYS, stop_before_pixels=True)
        _invent(header)
        try:
            self._files.add(header)
        except (
            ValueError,
            AttributeError,
            TypeError,
        ):  # pydicom's words for a record it cannot make
            self._files.remove(
                [one for one in self._files if one.SOPInstanceUID == header.SOPInstanceUID]
            )
            self._others.append(path)
            return False
        self._contents[str(header.SOPInstanceUID)] = path
        return True

    def write(self) -> None:
        """Name all files and write the DICOMDIR."""
        self._root.mkdir(parents=True, exist_ok=True)
        if self._contents:
            self._files.write(self._root)  # with their headers alone in the files' places
        for instance in self._files:
            self._contents[str(instance.SOPInstanceUID)].replace(instance.path)
        for number, path in enumerate(self._others):
            folder = self._root / "OTHER"
            folder.mkdir(exist_ok=True)
            path.replace(folder / f"OT{number:06}")


def _invent(header: Dataset) -> None:
    for keyword, value in INVENTED.items():
        if not header.get(keyword):
            setattr(header, keyword, value)
    if not header.get("PatientID"):  # nobody; two of them must not become one patient of the medium
        header.PatientID = str(header.get("StudyInstanceUID", "0"))
