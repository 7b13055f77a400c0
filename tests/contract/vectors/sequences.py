"""Sequence matching (PS3.4 C.2.2.2.6): all keys of an item mean one item, at any depth."""

from tests.contract.vectors.chapter import Chapter, asked, sequence, summed
from tests.support.index_rows import Document, Study, element, name

CT = {"00080060": element("CS", "CT")}


def code(value: str, scheme: str = "99LAB", meaning: str = "") -> Document:
    return {
        "00080100": element("SH", value),
        "00080102": element("SH", scheme),
        "00080104": element("LO", *([meaning] if meaning else [])),
    }


def request(step: str, procedure: str, *codes: Document, **more: dict[str, object]) -> Document:
    item = {"00400009": element("SH", step), "00401001": element("SH", procedure)}
    return item | ({"00400008": sequence(*codes)} if codes else {}) | more


def requested(*items: Document) -> Document:
    return {**CT, "00400275": sequence(*items)}


def reference(sop: str) -> Document:
    return {"00081150": element("UI", "1.2.840.10008.5.1.4.1.1.2"), "00081155": element("UI", sop)}


STUDIES = summed(
    Study(
        "4.1",
        {
            "00081032": sequence(code("CTCHEST", meaning="CT Thorax"), code("XR1", "DCM")),
            "00081110": sequence({"00081150": element("UI", "1.2.3"), "00081155": element("UI")}),
        },
        [
            (
                requested(request("S1", "R1"), request("S2", "R2", code("P1"), code("P2", "L"))),
                [{}],
            ),
            (requested(), [{}]),
        ],
    ),
    Study(
        "4.2",
        {"00081032": sequence(code("XR1"), code("CTCHEST", "DCM"))},
        [(requested(request("S1", "R2", code("P1", "L")), {"00400007": element("LO")}), [{}])],
    ),
    Study(
        "4.3",
        {"00101002": sequence({"00100020": element("LO", "OTHER-1")})},
        [
            (
                CT,
                [
                    {"00081140": sequence(reference("9.1"), reference("9.2"))},
                    {"00081140": sequence(reference("9.3")), "00080008": element("CS", "X")},
                ],
            ),
            (
                requested(
                    request("s1", "R-3 a", **{"00401102": element("LO", "x")}),
                    {
                        "00400007": element("LO", "Kopf nativ"),
                        "00400010": element("SH", "ROOM"),
                        "00400009": element("SH", "S9"),
                    },
                ),
                [{}],
            ),
        ],
    ),
    Study(
        "4.4",
        {
            "00081049": sequence({"00080080": element("LO", "Clinic")}),
            "00101002": sequence(),
            "00380004": sequence(),
        },
        [
            (
                {"00080060": element("CS", "SR")},
                [
                    {
                        "0040A730": sequence(
                            {
                                "0040A040": element("CS", "TEXT"),
                                "0040A160": element("UT", "finding"),
                                "0040A730": sequence(
                                    {
                                        "0040A040": element("CS", "NUM"),
                                        "0040A300": sequence({"0040A30A": element("DS", 12.5)}),
                                    }
                                ),
                            },
                            {
                                "0040A040": element("CS", "PNAME"),
                                "0040A123": name("Yamada^Tarou", "山田^太郎"),
                            },
                            {
                                "0040A040": element("CS", "DATE"),
                                "0040A121": element("DA", "20240201"),
                            },
                        )
                    }
                ],
            )
        ],
    ),
)

STEP = "RequestAttributesSequence.ScheduledProcedureStepID"
PROCEDURE = "RequestAttributesSequence.RequestedProcedureID"
PROTOCOL = "RequestAttributesSequence.ScheduledProtocolCodeSequence"
WHAT = "RequestAttributesSequence.ScheduledProcedureStepDescription"
CODE = "ProcedureCodeSequence"
CONTENT = "ContentSequence"


VECTORS = (
    asked("series", "4.1.1 4.2.1", (STEP, "S1")),
    asked("series", "4.1.1", (STEP, "S2")),
    asked("series", "4.3.2", (STEP, "s1")),
    asked("series", "4.1.1 4.2.1 4.3.2", (STEP, "S*")),
    asked("series", "4.1.1 4.2.1 4.3.2", (STEP, "S?")),
    asked("series", "4.1.1 4.2.1 4.3.2", (STEP, "*1")),
    asked("series", "4.1.1 4.3.2", (STEP, "S2\\S9")),
    asked("series", "", (STEP, "S3")),
    asked("series", "4.1.1 4.2.1", (PROCEDURE, "R2")),
    asked("series", "4.3.2", (PROCEDURE, "R-3 a")),
    asked("series", "4.1.1", (STEP, "S1"), (PROCEDURE, "R1")),
    asked("series", "4.2.1", (STEP, "S1"), (PROCEDURE, "R2")),
    asked("series", "", (STEP, "S2"), (PROCEDURE, "R1")),
    asked("series", "4.1.1", (STEP, "S2"), (PROCEDURE, "R*")),
    asked("series", "4.1.1 4.2.1", (STEP, "S1"), (PROCEDURE, "")),
    asked("series", "4.1.1 4.2.1", (STEP, "S1"), (PROCEDURE, "*")),
    asked("series", "4.1.1 4.1.2 4.2.1 4.3.1 4.3.2 4.4.1", (STEP, "")),
    asked("series", "4.1.2 4.3.1 4.4.1", ("RequestAttributesSequence", '""')),
    asked("series", "4.1.2", ("RequestAttributesSequence", '""'), ("SeriesInstanceUID", "4.1.2")),
    asked("series", "4.2.1", (STEP, '""')),
    asked("series", "4.1.1 4.2.1", (STEP, "S1"), (WHAT, '""')),
    asked("series", "4.3.2", (WHAT, "Kopf*")),
    asked("series", "", (WHAT, "kopf*")),
    asked("series", "4.3.2", (WHAT, "Kopf nativ"), (STEP, "S9")),
    asked("series", "", (WHAT, "Kopf nativ"), (STEP, "s1")),
    asked("series", "4.1.1 4.2.1", (f"{PROTOCOL}.CodeValue", "P1")),
    asked("series", "4.2.1", (f"{PROTOCOL}.CodeValue", "P1"), (f"{PROTOCOL}.00080102", "L")),
    asked("series", "4.1.1", (f"{PROTOCOL}.CodeValue", "P1"), (f"{PROTOCOL}.00080102", "99LAB")),
    asked("series", "4.1.1", (f"{PROTOCOL}.CodeValue", "P?"), (STEP, "S2")),
    asked("series", "", (f"{PROTOCOL}.CodeValue", "P2"), (STEP, "S1")),
    asked("series", "4.1.1 4.2.1 4.3.2", (PROTOCOL, '""')),
    asked("series", "4.2.1", (f"{PROTOCOL}.CodeValue", "P1"), ("StudyInstanceUID", "4.2")),
    asked("series", "4.1.1 4.2.1", (STEP, "S1"), ("Modality", "CT")),
    asked("series", "", (STEP, "S1"), ("Modality", "MR")),
    asked("instance", "4.1.1.1 4.2.1.1", (STEP, "S1")),
    asked("instance", "4.3.2.1", (STEP, "S9")),
    asked("study", "4.1 4.2", (f"{CODE}.CodeValue", "CTCHEST")),
    asked("study", "4.1", (f"{CODE}.CodeValue", "CTCHEST"), (f"{CODE}.00080102", "99LAB")),
    asked("study", "4.2", (f"{CODE}.CodeValue", "CTCHEST"), (f"{CODE}.00080102", "DCM")),
    asked("study", "4.1", (f"{CODE}.CodeMeaning", "CT Th*")),
    asked("study", "4.1 4.2", (f"{CODE}.CodeMeaning", '""')),
    asked(
        "study",
        "4.1",
        (f"{CODE}.CodeMeaning", '""'),
        (f"{CODE}.CodingSchemeDesignator", "DCM"),
        ("StudyInstanceUID", "4.1"),
    ),
    asked("study", "4.3 4.4", (CODE, '""')),
    asked("study", "4.3", ("OtherPatientIDsSequence.PatientID", "OTHER-*")),
    asked("study", "4.1 4.2 4.4", ("OtherPatientIDsSequence", '""')),
    asked("study", "4.1", ("ReferencedStudySequence.ReferencedSOPClassUID", "1.2.3,1.2.4")),
    asked("study", "4.1", ("ReferencedStudySequence.ReferencedSOPInstanceUID", '""')),
    asked("series", "4.1.1 4.1.2 4.2.1", (f"{CODE}.CodeValue", "XR1")),
    asked("instance", "4.3.1.1", ("ReferencedImageSequence.ReferencedSOPInstanceUID", "9.2")),
    asked("instance", "4.3.1.1 4.3.1.2", ("ReferencedImageSequence.00081155", "9.1\\9.3")),
    asked("instance", "4.3.1.2", ("ReferencedImageSequence.00081155", "9.3"), ("ImageType", "X")),
    asked("instance", "4.4.1.1", (f"{CONTENT}.TextValue", "finding")),
    asked(
        "instance", "4.4.1.1", (f"{CONTENT}.TextValue", "find*"), (f"{CONTENT}.ValueType", "TEXT")
    ),
    asked("instance", "", (f"{CONTENT}.TextValue", "find*"), (f"{CONTENT}.ValueType", "DATE")),
    asked("instance", "4.4.1.1", (f"{CONTENT}.PersonName", "yamada^*")),
    asked(
        "instance", "4.4.1.1", (f"{CONTENT}.PersonName", "太郎"), (f"{CONTENT}.ValueType", "PNAME")
    ),
    asked("instance", "", (f"{CONTENT}.PersonName", "太郎"), (f"{CONTENT}.ValueType", "NUM")),
    asked("instance", "4.4.1.1", (f"{CONTENT}.Date", "20240131-20240202")),
    asked("instance", "", (f"{CONTENT}.Date", "20240202-")),
    asked("instance", "4.4.1.1", (f"{CONTENT}.{CONTENT}.ValueType", "NUM")),
    asked("instance", "", (f"{CONTENT}.{CONTENT}.ValueType", "TEXT")),
    asked(
        "instance",
        "4.4.1.1",
        (f"{CONTENT}.{CONTENT}.MeasuredValueSequence.NumericValue", "12.50"),
        (f"{CONTENT}.ValueType", "TEXT"),
    ),
)

SEQUENCES = Chapter(4, "sequences", STUDIES, VECTORS)
