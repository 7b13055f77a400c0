"""Attributes that have a column of their own, and how they are taken from a document."""

from dataclasses import dataclass
from typing import Literal

from isocenter.dicom import elements
from isocenter.dicom.json_values import JsonObject
from isocenter.dicom.person_name import FoldedName, fold_name
from isocenter.ports.index import Level

Kind = Literal["text", "number", "date", "time"]
Value = str | int | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column and its kind; `moment` names the column that joins a date with its time."""

    name: str
    kind: Kind = "text"
    moment: str | None = None


# s: studies, e: series, i: instances
STUDY = {
    "0020000D": Column("s.uid"),
    "00080020": Column("s.study_date", "date", "s.moment"),
    "00080030": Column("s.study_time", "time"),
    "00100020": Column("s.patient_id"),
    "00100021": Column("s.issuer_of_patient_id"),
    "00100030": Column("s.patient_birth_date", "date"),
    "00100040": Column("s.patient_sex"),
    "00080050": Column("s.accession_number"),
    "00200010": Column("s.study_id"),
    "00081030": Column("s.study_description"),
    "00201206": Column("s.number_of_study_related_series", "number"),
    "00201208": Column("s.number_of_study_related_instances", "number"),
}
SERIES = {
    "0020000E": Column("e.uid"),
    "00200011": Column("e.series_number", "number"),
    "00080060": Column("e.modality"),
    "0008103E": Column("e.series_description"),
    "00080021": Column("e.series_date", "date", "e.moment"),
    "00080031": Column("e.series_time", "time"),
    "00180015": Column("e.body_part_examined"),
    "00200060": Column("e.laterality"),
    "00400244": Column("e.performed_date", "date", "e.performed_moment"),
    "00400245": Column("e.performed_time", "time"),
    "00201209": Column("e.number_of_series_related_instances", "number"),
}
INSTANCE = {
    "00080018": Column("i.sop"),
    "00080016": Column("i.sop_class"),
    "00200013": Column("i.instance_number", "number"),
}
COLUMNS: dict[Level, dict[str, Column]] = {  # that can be asked at a level: its own and those above
    "study": STUDY,
    "series": STUDY | SERIES,
    "instance": STUDY | SERIES | INSTANCE,
}
MODALITIES_IN_STUDY = "00080061"
REQUESTS = "00400275"  # Request Attributes Sequence: its items' ids single out few series
REQUEST_IDS = ("00400009", "00401001")  # of scheduled steps and requested procedures
# Kinds of rows in the table `names`: parts, whole groups, ends of parts in scripts whose names are of two or three
# characters, where a trigram finds nothing, and how words sound.
NAMES = {"00100010": (0, 1, 2, 6), "00080090": (3, 4, 5, 7)}
_SHORT_SCRIPTS = "\u2e80"  # Han, kana, Hangul and their like begin here
# Columns of the trigram table `study_text`.
TEXT_COLUMNS = {
    "00100010": "patient_name",
    "00080090": "referring_physician_name",
    "00081030": "study_description",
}


def _taken(document: JsonObject, columns: dict[str, Column]) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for tag, column in columns.items():
        name = column.name[2:]
        match column.kind:
            case "text":
                values[name] = elements.first_text(document, tag)
            case "number":
                values[name] = elements.first_number(document, tag)
            case "date":
                values[name] = elements.first_time(document, tag, "DA")
            case "time":
                values[name] = elements.first_time(document, tag, "TM")
    return values


def _joined(values: dict[str, Value], day: str, time: str) -> str:
    day_text, time_text = values[day], values[time]
    return elements.moment(
        day_text if isinstance(day_text, str) else None,
        time_text if isinstance(time_text, str) else None,
    )


def study_values(document: JsonObject) -> dict[str, Value]:
    """Columns of a study; `patient_name` is what worklists sort by: the first group, folded."""
    values = _taken(document, STUDY)
    del values["uid"]
    values["moment"] = _joined(values, "study_date", "study_time")
    groups = fold_name(elements.name_groups(document, "00100010")).groups
    values["patient_name"] = groups[0] if groups else None
    return values


def series_values(document: JsonObject) -> dict[str, Value]:
    """Columns of a series."""
    values = _taken(document, SERIES)
    del values["uid"]
    values["moment"] = _joined(values, "series_date", "series_time")
    values["performed_moment"] = _joined(values, "performed_date", "performed_time")
    return values


def study_names(document: JsonObject) -> dict[str, FoldedName]:
    """Names a study is found by, by tag."""
    return {tag: fold_name(elements.name_groups(document, tag)) for tag in NAMES}


def is_short_script(text: str) -> bool:
    """Tell names of few characters."""
    return any(char >= _SHORT_SCRIPTS for char in text)


def name_rows(names: dict[str, FoldedName]) -> set[tuple[int, str]]:
    """Kind and text of each row that a study's names have in `names`."""
    rows: set[tuple[int, str]] = set()
    for tag, name in names.items():
        part_kind, group_kind, end_kind, sound_kind = NAMES[tag]
        rows.update((part_kind, part) for part in name.parts)
        rows.update((group_kind, group) for group in name.groups)
        rows.update((sound_kind, sound) for sound in name.sounds)
        rows.update(
            (end_kind, part[start:])
            for part in filter(is_short_script, name.parts)
            for start in range(1, len(part))
        )
    return rows


def study_modalities(document: JsonObject) -> list[str]:
    """Modalities in Study, each once."""
    return list(dict.fromkeys(elements.texts_of(document, MODALITIES_IN_STUDY)))


def series_requests(document: JsonObject) -> set[tuple[str, str]]:
    """Tag and id of each step and procedure a series was requested as."""
    return {
        (tag, text)
        for item in elements.items_of(document, REQUESTS)
        for tag in REQUEST_IDS
        for text in elements.texts_of(item, tag)
    }
