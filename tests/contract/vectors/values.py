"""Single values, lists, wild cards, numbers, nothing (PS3.4 C.2.2.2.1 to C.2.2.2.4); case counts except in names."""

from tests.contract.vectors.chapter import Chapter, asked, summed
from tests.support.index_rows import Study, element

CT, MR, SR = ({"00080060": element("CS", modality)} for modality in ("CT", "MR", "SR"))
ID, DESCRIPTION, UID = "PatientID", "StudyDescription", "StudyInstanceUID"

STUDIES = summed(
    Study(
        "3.1",
        {
            "00100020": element("LO", "A1 "),
            "00081030": element("LO", "Chest [low] dose"),
            "00081048": element("PN", {"Alphabetic": "Adams^John"}, {"Alphabetic": "Brown^Jane"}),
            "00101020": element("DS", 1.75),
            "00100040": element("CS", "F"),
            "00080050": element("SH", "2024-0001"),
            "00104000": element("LT", "first line, *second*"),
        },
        [(dict(CT), [{}]), (dict(SR), [{}])],
    ),
    Study(
        "3.2",
        {
            "00100020": element("LO", "A10"),
            "00081030": element("LO", "chest"),
            "00101020": element("DS", 1.75),
            "00100040": element("CS", "O"),
            "00080050": element("SH", "2024-0002"),
            "00102160": element("SH", "x?y"),
        },
        [(dict(MR), [{}])],
    ),
    Study(
        "3.3",
        {
            "00100020": element("LO"),
            "00080050": element("SH"),
            "00200010": element("SH", "S.1"),
        },
        [({}, [{}]), ({}, [{}]), ({}, [{}])],
    ),
)
EACH = ("multiplevaluematching", "true")  # all values rather than any (C.2.2.2.8)
ALL = "3.1 3.2 3.3"

VALUES = Chapter(
    3,
    "values",
    STUDIES,
    (
        asked("study", "3.1", (ID, "A1")),
        asked("study", "", (ID, "a1")),
        asked("study", "3.1 3.2", (ID, "A1*")),
        asked("study", "3.2", (ID, "A1?")),
        asked("study", "3.1", (ID, "?1")),
        asked("study", "3.1 3.2", (ID, "*1*")),
        asked("study", "3.2", (ID, "*0")),
        asked("study", "3.1 3.2", (ID, "?*")),
        asked("study", "3.1", (ID, "A?")),
        asked("study", ALL, (ID, "*")),
        asked("study", ALL, (ID, "")),
        asked("study", "3.3", (ID, '""')),
        asked("study", "3.1 3.2", (ID, "A1\\A10")),
        asked("study", "3.1", (ID, "A1\\none")),
        asked("study", "3.1 3.3", (UID, "3.1\\3.3\\3.7")),
        asked("study", "3.2 3.3", (UID, "3.2\\3.3")),
        asked("study", "", (UID, "3.9")),
        asked("study", "3.1", ("ModalitiesInStudy", "SR")),
        asked("study", "3.1 3.2", ("ModalitiesInStudy", "CT\\MR")),
        asked("study", "3.1 3.2", ("ModalitiesInStudy", "?R")),
        asked("study", "3.1", ("ModalitiesInStudy", "CT\\SR"), EACH),
        asked("study", "", ("ModalitiesInStudy", "CT\\MR"), EACH),
        asked("study", "3.2", ("ModalitiesInStudy", "MR"), EACH),
        asked("study", "3.1 3.2", (ID, "A1\\A10"), EACH),  # an attribute of one value
        asked("study", "3.1", ("PhysiciansOfRecord", "brown\\adams"), EACH),
        asked("study", "", ("PhysiciansOfRecord", "brown\\smith"), EACH),
        asked("study", "3.3", ("ModalitiesInStudy", '""')),
        asked("study", "", ("ModalitiesInStudy", "ct")),
        asked("study", "3.1", ("ModalitiesInStudy", "CT"), (ID, "A*")),
        asked("study", "3.1", (DESCRIPTION, "Chest*")),
        asked("study", "3.1", (DESCRIPTION, "*[low]*")),
        asked("study", "", (DESCRIPTION, "*[lo]w*")),
        asked("study", "3.1", (DESCRIPTION, "Chest [low] dose")),
        asked("study", "3.2", (DESCRIPTION, "chest")),
        asked("study", "3.3", (DESCRIPTION, '""')),
        asked("study", "3.1", ("PhysiciansOfRecord", "brown")),
        asked("study", "3.1", ("PhysiciansOfRecord", "adams^j*")),
        asked("study", "3.2 3.3", ("PhysiciansOfRecord", '""')),
        asked("study", "3.1 3.2", ("PatientSize", "1.75")),
        asked("study", "3.1 3.2", ("PatientSize", "01.750")),
        asked("study", "", ("PatientSize", "1.7")),
        asked("study", "3.3", ("PatientSize", '""')),
        asked("study", "3.3", ("NumberOfStudyRelatedSeries", "03")),
        asked("study", "3.1", ("NumberOfStudyRelatedInstances", "2")),
        asked("study", "3.1", ("PatientSex", "F")),
        asked("study", "3.1 3.2", ("PatientSex", "F\\O")),
        asked("study", "", ("PatientSex", "M")),
        asked("study", "3.1 3.2", ("AccessionNumber", "2024-000?")),
        asked("study", "3.2", ("AccessionNumber", "2024-0002")),
        asked("study", "3.3", ("AccessionNumber", '""')),
        asked("study", "3.3", ("StudyID", "S.1")),
        asked("study", "3.3", ("StudyID", "S.*")),
        asked("study", "", ("StudyID", "S?1?")),
        asked("study", "3.1", ("PatientComments", "first line, *")),
        asked("study", "3.1", ("PatientComments", "*second*")),
        asked("study", "3.2", ("EthnicGroup", "x?y")),
        asked("study", "3.2", ("EthnicGroup", "x*y")),
        asked("study", "3.1", (ID, "A*"), (DESCRIPTION, "*dose")),
        asked("study", "", (ID, "A10"), (DESCRIPTION, "*dose")),
    ),
)
