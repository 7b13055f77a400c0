"""Dates, times, the two combined, and moments with offsets (PS3.4 C.2.2.2.1, C.2.2.2.5)."""

from tests.contract.vectors.chapter import Chapter, asked, summed
from tests.support.index_rows import Document, Study, element

DAY, TIME = "StudyDate", "StudyTime"
MOMENT = "AcquisitionDateTime"

_DATES = {
    "2.1": ("20240131", "235959.5"),
    "2.2": ("20240201", "0830"),
    "2.3": ("20240201", "170000"),
    "2.4": ("20240202", "08"),
    "2.5": ("2024.02.03", "08:15:00"),
    "2.6": ("20241301", "99"),
    "2.7": (None, None),
    "2.8": ("20240204", None),
}


def _study(uid: str, day: str | None, time: str | None) -> Study:
    texts = (("00080020", "DA", day), ("00080030", "TM", time))
    return Study(uid, {tag: element(vr, text) for tag, vr, text in texts if text is not None})


DATES = Chapter(
    2,
    "dates-and-times",
    summed(*(_study(uid, *texts) for uid, texts in _DATES.items())),
    (
        asked("study", "2.2 2.3", (DAY, "20240201")),
        asked("study", "2.5", (DAY, "2024.02.03")),
        asked("study", "2.2 2.3 2.4", (DAY, "20240201-20240202")),
        asked("study", "2.2 2.3", (DAY, "20240201-20240201")),
        asked("study", "2.1 2.2 2.3", (DAY, "-20240201")),
        asked("study", "2.5 2.8", (DAY, "20240203-")),
        asked("study", "2.7", (DAY, '""')),
        asked("study", "2.1 2.2 2.3 2.4 2.5 2.6 2.7 2.8", (DAY, "")),
        asked("study", "2.1 2.2 2.3 2.4 2.5 2.6 2.7 2.8", (DAY, "*")),
        asked("study", "2.1 2.8", (DAY, "20240131\\20240204")),
        asked("study", "", (DAY, "19990101")),
        asked("study", "", (DAY, "20250101-")),
        asked("study", "2.2", (TIME, "0830")),
        asked("study", "2.2 2.4 2.5", (TIME, "08")),
        asked("study", "2.4", (TIME, "080000")),
        asked("study", "2.4 2.5", (TIME, "0800-0815")),
        asked("study", "2.2 2.3", (TIME, "0816-17")),
        asked("study", "2.1", (TIME, "235959.5")),
        asked("study", "2.1", (TIME, "235959")),
        asked("study", "", (TIME, "235959.6")),
        asked("study", "2.1 2.3", (TIME, "1700-")),
        asked("study", "2.4 2.5", (TIME, "-0815")),
        asked("study", "2.7 2.8", (TIME, '""')),
        asked("study", "2.1 2.2 2.3 2.4", (DAY, "20240131-20240202"), (TIME, "2300-0830")),
        asked("study", "2.3 2.4", (DAY, "20240201-20240203"), (TIME, "1600-0800")),
        asked("study", "2.8", (DAY, "20240204-20240205"), (TIME, "0000-0100")),
        asked("study", "2.3 2.4 2.5 2.8", (DAY, "20240201-"), (TIME, "1000-")),
        asked("study", "2.1 2.2", (DAY, "-20240201"), (TIME, "-1000")),
        asked("study", "2.2", (DAY, "20240201"), (TIME, "0800-0900")),
        asked("study", "2.2", (DAY, "20240131-20240202"), (TIME, "0830")),
        asked("series", "2.2.1", (DAY, "20240201"), (TIME, "0830")),
        asked("instance", "2.2.1.1 2.3.1.1", (DAY, "20240201")),
    ),
)

_MOMENTS = {
    "8.1": "20240201083000",
    "8.2": "20240201083000+0100",
    "8.3": "20240201",
    "8.4": "202402",
    "8.5": "20240201083000.250-0500",
    "8.6": "2024",
    "8.7": "yesterday",
    "8.8": None,
}


def _acquired(text: str | None) -> Document:
    return {"0008002A": element("DT", *([] if text is None else [text]))}


def _uids(numbers: str) -> str:
    return " ".join(f"8.{number}.1.1" for number in numbers)


MOMENTS = Chapter(
    8,
    "moments-and-offsets",
    summed(*(Study(uid, {}, [({}, [_acquired(text)])]) for uid, text in _MOMENTS.items())),
    tuple(
        asked("instance", _uids(numbers), (MOMENT, key))
        for key, numbers in (
            ("20240201", "12345"),
            ("20240201083000", "1"),
            ("2024020108", "1"),
            ("2024020107", "2"),
            ("20240201073000+0000", "2"),
            ("20240201083000+0100", "2"),
            ("20240201093000+0100", "1"),
            ("20240201083000-0500", "5"),
            ("20240201083000.25-0500", "5"),
            ("20240201083000.26-0500", ""),
            ("2024", "123456"),
            ("202402", "12345"),
            ("202401", "6"),
            ("2023", ""),
            ("2024-2024", "123456"),
            ("20240201080000-20240201090000", "1"),
            ("20240201070000-20240201090000", "12"),
            ("-20240131", "6"),
            ("20240201120000-", "5"),
            ("20240201120000+0000-20240201140000+0000", "5"),
            ("20240201083000+0100-20240201093000+0100", "12"),
            ("20240202-", ""),
            ('""', "8"),
        )
    ),
)
