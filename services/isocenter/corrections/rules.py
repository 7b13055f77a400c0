"""What may be corrected, where, and to which values: everything a person asks for comes through here."""

import re
from collections.abc import Mapping
from typing import Any

from isocenter.dicom.attributes import key_of, tag_of, vr_of
from isocenter.dicom.levels import level_of
from isocenter.dicom.person_name import GROUPS
from isocenter.dicom.temporal import date, date_time, time
from isocenter.errors import InvalidRequest

MAX_ATTRIBUTES = 100
PATIENT_ID, ISSUER = "00100020", "00100021"
# Whose it is: changed by moving and merging alone, all of it together. (0010,0020), (0010,0021), (0010,0022),
# (0010,0024), (0010,1000), (0010,1002) of PS3.6.
IDENTITY = {
    PATIENT_ID: "LO",
    ISSUER: "LO",
    "00100022": "CS",
    "00100024": "SQ",
    "00101000": "LO",
    "00101002": "SQ",
}
# Who that is: comes along from the other patient. Names, birth, sex (PS3.3 C.2.2, C.2.3).
PERSON = {
    "00100010": "PN",
    "00100030": "DA",
    "00100032": "TM",
    "00100040": "CS",
    "00101001": "PN",
    "00101005": "PN",
    "00101060": "PN",
}
# Counted or told by the index, never said by an instance.
_COMPUTED = frozenset(
    {"00080056", "00080061", "00080062", "00201200", "00201204", "00201206", "00201208", "00201209"}
)
# What a value may be at most, in characters (PS3.5 table 6.2-1); of a name, each group.
_LONGEST = {
    "AE": 16, "AS": 4, "CS": 16, "DS": 16, "IS": 12, "LO": 64, "LT": 10_240, "PN": 64, "SH": 16, "ST": 1_024,
    "UC": 10_240, "UT": 10_240, "DA": 8, "TM": 14, "DT": 26,
}  # fmt: skip
_ONE_VALUE = frozenset({"LT", "ST", "UT"})
_CODE = re.compile(r"[A-Z0-9 _]*")
_AGE = re.compile(r"\d{3}[DWMY]")


def attributes_of(asked: Mapping[str, Any], scope: str) -> dict[str, Any]:
    """Turn what was asked into DICOM JSON elements by tag; `scope` is "patient", "study" or "series".

    A name is a keyword or eight hexadecimal digits, a value a text as in a file (several with a backslash between, the
    groups of a person's name with `=`); an empty one empties the attribute. Raises InvalidRequest naming the attribute.
    """
    if not 1 <= len(asked) <= MAX_ATTRIBUTES:
        raise InvalidRequest(f"between 1 and {MAX_ATTRIBUTES} attributes are corrected at a time")
    made: dict[str, Any] = {}
    for name, value in asked.items():
        tag = tag_of(name)
        if tag is None:
            raise InvalidRequest(f"{name[:64]} is no attribute of DICOM")
        if not isinstance(value, str):
            raise InvalidRequest(f"{name[:64]}: the value is a text")
        key = key_of(tag)
        vr = vr_of(tag)
        _check_attribute(name, key, vr, scope)
        made[key] = element_of(name, vr, value)
    return made


def element_of(name: str, vr: str, value: str) -> dict[str, Any]:
    """Make an element of a text; raises InvalidRequest when it is no value of this VR."""
    if any(ord(char) < 32 and (vr not in _ONE_VALUE or char not in "\r\n\t\f") for char in value):
        raise InvalidRequest(f"{name}: control characters are no text")
    values = [value] if vr in _ONE_VALUE else value.split("\\")
    values = [one.strip(" ") for one in values]
    if not any(values):
        return {"vr": vr}
    return {"vr": vr, "Value": [_value(name, vr, one) for one in values]}


def _check_attribute(name: str, key: str, vr: str, scope: str) -> None:
    if key in IDENTITY:
        raise InvalidRequest(f"{name}: whose a study is changes by moving it, or merging patients")
    if vr not in _LONGEST or key in _COMPUTED or vr_of(int(key, 16)) == "UI":
        raise InvalidRequest(f"{name} cannot be corrected")
    level = level_of(key)
    allowed = {
        "patient": key.startswith("0010") and level == "study",
        "study": level in ("study", "series"),
        "series": level == "series",
    }[scope]
    if not allowed:
        raise InvalidRequest(f"{name} is no attribute of a {scope}")


def _value(name: str, vr: str, text: str) -> Any:
    if vr == "PN":
        groups = text.split("=")
        if len(groups) > len(GROUPS) or any(len(group) > _LONGEST[vr] for group in groups):
            raise InvalidRequest(f"{name}: no person's name")
        return {group: part for group, part in zip(GROUPS, groups, strict=False) if part} or None
    if len(text) > _LONGEST[vr]:
        raise InvalidRequest(f"{name}: longer than {vr} can be")
    if not text:
        return None
    if not _is_value(vr, text):
        raise InvalidRequest(f"{name}: no value of {vr}")
    if vr == "IS":
        return int(text)
    return float(text) if vr == "DS" else text


def _is_value(vr: str, text: str) -> bool:
    match vr:
        case "DA":
            return len(text) == 8 and bool(date(text))
        case "TM":
            return bool(time(text))
        case "DT":
            return bool(date_time(text))
        case "CS":
            return _CODE.fullmatch(text) is not None
        case "AS":
            return _AGE.fullmatch(text) is not None
        case "AE":
            return text.isascii()
        case "IS" | "DS":
            return _is_number(text, whole=vr == "IS")
    return True


def _is_number(text: str, *, whole: bool) -> bool:
    try:
        return abs(int(text)) < 1 << 31 if whole else abs(float(text)) < float("inf")
    except ValueError:
        return False
