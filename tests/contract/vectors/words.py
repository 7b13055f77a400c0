"""Free text: each word begins one of the study's, of whichever attribute (ours; the standard has no such search)."""

from tests.contract.vectors.chapter import Chapter, asked, summed
from tests.support.index_rows import Study, element, name

STUDIES = summed(
    Study(
        "7.1",
        {
            "00100010": name("Yamada^Tarou", "山田^太郎", "やまだ^たろう"),
            "00100020": element("LO", "YT-1977/03"),
            "00080050": element("SH", "ACC0042"),
            "00081030": element("LO", "Schädel nativ"),
            "00080090": name("Weiß^Anna"),
        },
        [({"00080060": element("CS", "CT"), "0008103E": element("LO", "Kopf 0.75 Hr38")}, [{}])],
    ),
    Study(
        "7.2",
        {
            "00100010": name("O'Neil^Ann"),
            "00100020": element("LO", "4711"),
            "00080050": element("SH", "acc0043"),
            "00081030": element("LO", "MR Kniegelenk_links"),
            "00104000": element("LT", "Pacemaker; see letter of 12.3."),
        },
        [
            (
                {
                    "00080060": element("CS", "MR"),
                    "0008103E": element("LO", "PD fs tra"),
                    "00180015": element("CS", "KNEE"),
                },
                [{"00181030": element("LO", "KNIE^ROUTINE")}],
            ),
            ({"00080060": element("CS", "MR"), "0008103E": element("LO", "T1 sag")}, [{}]),
        ],
    ),
    Study(
        "7.3",
        {
            "00100010": name("Müller^Änne"),
            "00100020": element("LO", "0042"),
            "00081030": element("LO", "胸部CT"),
            "00080080": element("LO", "St. Anna Klinik"),
        },
        [({"00080060": element("CS", "CT"), "0008103E": element("LO", "Θώρακας")}, [{}])],
    ),
    Study("7.4", {"00091001": element("LO", "secret")}, [({}, [{}])]),
)
Q = "q"

WORDS = Chapter(
    7,
    "free-text",
    STUDIES,
    (
        asked("study", "7.1", (Q, "yamada")),
        asked("study", "7.1", (Q, "tar yam")),
        asked("study", "7.1", (Q, "YAMADA^TAROU")),
        asked("study", "", (Q, "amada")),
        asked("study", "7.1", (Q, "太郎")),
        asked("study", "7.1", (Q, "郎")),
        asked("study", "7.1", (Q, "ヤマダ")),
        asked("study", "7.1", (Q, "YT-1977")),
        asked("study", "7.1", (Q, "yt 03")),
        asked("study", "7.1 7.2", (Q, "acc004")),
        asked("study", "7.1", (Q, "acc0042")),
        asked("study", "7.3", (Q, "0042")),
        asked("study", "7.2", (Q, "4711")),
        asked("study", "7.1", (Q, "schadel")),
        asked("study", "7.1", (Q, "Schädel yamada kopf")),
        asked("study", "", (Q, "schadel knie")),
        asked("study", "7.1", (Q, "hr38")),
        asked("study", "7.1", (Q, "weiss")),
        asked("study", "7.1 7.2 7.3", (Q, "ann")),
        asked("study", "7.1 7.3", (Q, "anna")),
        asked("study", "7.3", (Q, "änne")),
        asked("study", "7.2", (Q, "o'neil")),
        asked("study", "7.2", (Q, "neil")),
        asked("study", "7.2", (Q, "kniegelenk links")),
        asked("study", "7.2", (Q, "links")),
        asked("study", "7.2", (Q, "knee")),
        asked("study", "7.2", (Q, "knie routine")),
        asked("study", "7.2", (Q, "t1 sag")),
        asked("study", "7.2", (Q, "pacemaker")),
        asked("study", "7.1 7.3", (Q, "ct")),
        asked("study", "7.3", (Q, "部")),
        asked("study", "7.3", (Q, "胸部")),
        asked("study", "7.3", (Q, "θωρακ")),
        asked("study", "", (Q, "secret")),
        asked("study", "", (Q, "nothing")),
        asked("study", "7.1 7.2 7.3 7.4", (Q, "")),
        asked("study", "7.3", (Q, "ct"), ("PatientName", "müller")),
        asked("study", "7.1", (Q, "ct kopf"), ("ModalitiesInStudy", "CT")),
        asked("study", "", (Q, "ct"), ("PatientID", "4711")),
        asked("study", "7.2", (Q, "mr"), (Q, "sag")),
        asked("series", "7.2.1 7.2.2", (Q, "pacemaker")),
        asked("series", "7.2.2", (Q, "pacemaker"), ("SeriesDescription", "T1*")),
        asked("instance", "7.3.1.1", (Q, "klinik mull")),
        asked("instance", "", (Q, "klinik yamada")),
    ),
)
