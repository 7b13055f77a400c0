"""Levels: what is of a study, of its series and of their instances, asked at each of them (PS3.4 C.6)."""

from tests.contract.vectors.chapter import Chapter, asked, summed
from tests.support.index_rows import Study, element, name

IMAGE = {"00280010": element("US", 64), "00280011": element("US", 32)}

STUDIES = summed(
    Study(
        "5.1",
        {"00100010": name("Yamada^Tarou", "山田^太郎"), "00100020": element("LO", "L1")},
        [
            (
                {
                    "00080060": element("CS", "CT"),
                    "00200011": element("IS", 2),
                    "0008103E": element("LO", "Head 5.0"),
                    "00080021": element("DA", "20240201"),
                    "00080031": element("TM", "0900"),
                    "00180015": element("CS", "HEAD"),
                },
                [{}, dict(IMAGE), {"00080008": element("CS", "DERIVED", "SECONDARY", "MPR")}],
            ),
            (
                {
                    "00080060": element("CS", "MR"),
                    "00200011": element("IS", 10),
                    "00400244": element("DA", "20240202"),
                    "00400245": element("TM", "101500"),
                    "00200060": element("CS", "L"),
                },
                [{}],
            ),
        ],
    ),
    Study(
        "5.2",
        {"00100020": element("LO", "L2")},
        [
            (
                {
                    "00080060": element("CS", "MR"),
                    "00181030": element("LO", "T1 se"),
                    "00080021": element("DA", "20240201"),
                    "00080031": element("TM", "1700"),
                },
                [{"00200012": element("IS", 7)}, dict(IMAGE)],
            )
        ],
    ),
)
MODALITY, NUMBER, ROWS = "Modality", "SeriesNumber", "Rows"
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
EVERY = "5.1.1.1 5.1.1.2 5.1.1.3 5.1.2.1 5.2.1.1 5.2.1.2"

LEVELS = Chapter(
    5,
    "levels",
    STUDIES,
    (
        asked("series", "5.1.2", ("PatientID", "L1"), (MODALITY, "MR")),
        asked("series", "5.1.2 5.2.1", (MODALITY, "MR")),
        asked("series", "5.1.1", (NUMBER, "2")),
        asked("series", "5.1.1", (NUMBER, "02")),
        asked("series", "5.2.1", (NUMBER, '""')),
        asked("series", "5.2.1", ("SeriesInstanceUID", "5.2.1")),
        asked("series", "5.1.1 5.2.1", ("SeriesInstanceUID", "5.1.1\\5.2.1\\5.9")),
        asked("series", "5.1.1 5.1.2", ("StudyInstanceUID", "5.1")),
        asked("series", "5.1.1", ("SeriesDescription", "Head*")),
        asked("series", "5.1.2 5.2.1", ("SeriesDescription", '""')),
        asked("series", "5.1.1", ("BodyPartExamined", "HE?D")),
        asked("series", "5.1.2", ("Laterality", "L")),
        asked("series", "5.2.1", ("ProtocolName", "T1*")),
        asked("series", "5.1.1 5.2.1", ("SeriesDate", "20240201")),
        asked("series", "5.2.1", ("SeriesDate", "20240201"), ("SeriesTime", "12-")),
        asked("series", "5.1.2", ("SeriesDate", '""')),
        asked("series", "5.1.2", ("PerformedProcedureStepStartDate", "20240202-")),
        asked("series", "", ("PerformedProcedureStepStartDate", "20240203-")),
        asked(
            "series",
            "5.1.2",
            ("PerformedProcedureStepStartDate", "20240201-20240202"),
            ("PerformedProcedureStepStartTime", "1800-1100"),
        ),
        asked("series", "5.1.1", ("NumberOfSeriesRelatedInstances", "3")),
        asked("series", "5.1.1 5.1.2", ("PatientName", "yamada")),
        asked("series", "5.1.1", ("PatientName", "太郎"), (MODALITY, "CT\\PT")),
        asked("series", "5.1.1 5.1.2", ("ModalitiesInStudy", "CT")),
        asked("instance", EVERY, ("SOPClassUID", CT_IMAGE)),
        asked("instance", "", ("SOPClassUID", "1.2.840.10008.5.1.4.1.1.4")),
        asked("instance", "5.2.1.1", ("SOPInstanceUID", "5.2.1.1")),
        asked("instance", "5.1.1.1 5.2.1.2", ("SOPInstanceUID", "5.1.1.1\\5.2.1.2")),
        asked("instance", "5.1.1.2 5.2.1.2", (ROWS, "64")),
        asked("instance", "5.1.1.2", (ROWS, "64"), ("PatientID", "L1")),
        asked("instance", "5.2.1.2", (ROWS, "64"), (MODALITY, "MR")),
        asked("instance", "5.1.1.1 5.1.1.3 5.1.2.1 5.2.1.1", (ROWS, '""')),
        asked("instance", "5.1.1.1 5.1.2.1", ("PatientID", "L1"), ("InstanceNumber", "1")),
        asked("instance", "5.1.1.3", ("ImageType", "MPR")),
        asked("instance", "5.1.1.3", ("ImageType", "DERIV*")),
        asked("instance", "5.2.1.1", ("AcquisitionNumber", "7")),
        asked("instance", "5.1.2.1 5.2.1.1 5.2.1.2", (MODALITY, "MR")),
        asked("instance", "5.1.2.1", ("SeriesInstanceUID", "5.1.2")),
        asked("instance", "5.1.2.1", ("PatientName", "山田*"), ("Laterality", "L")),
    ),
)
