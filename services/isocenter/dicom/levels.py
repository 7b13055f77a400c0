"""At which level of the Query/Retrieve information model an attribute is resolved (PS3.4 C.6.2.1)."""

from typing import Literal

AttributeLevel = Literal["study", "series", "instance"]

# Attributes of the modules Patient, Patient Study and General Study and their clinical trial companions (PS3.3 C.7.1,
# C.7.2) outside group 0010, the study's computed ones (PS3.4 C.6.2.1.2, Modalities in Study and the like), by group.
_STUDY_ELEMENTS = {
    "0008": "0020 0030 0050 0051 0061 0062 0090 0096 009C 009D 1030 1032 1048 1049 1060 1062 1080 1084 1110 1120",
    "0012": "0010 0020 0021 0022 0023 0030 0031 0032 0040 0041 0042 0043 0050 0051 0052 0053 0054 0055 0062 0063 0064 "
    "0081 0082 0083",
    "0020": "000D 0010 1200 1202 1204 1206 1208",
    "0032": "1033 1034 1066 1067",
    "0038": "0010 0014 0060 0062 0064 0500",
    "0040": "1012",
}
# The same of General Series (PS3.3 C.7.3.1) and Clinical Trial Series.
_SERIES_ELEMENTS = {
    "0008": "0021 0031 0060 103E 103F 1050 1052 1070 1072 1111 1250",
    "0012": "0060 0071 0072 0073",
    "0018": "0015 1030 5100",
    "0020": "000E 0011 0060 1209",
    "0028": "0108 0109",
    "0040": "0244 0245 0250 0251 0253 0254 0260 0275 0280",
}


def _tags(elements: dict[str, str]) -> frozenset[str]:
    return frozenset(group + element for group, row in elements.items() for element in row.split())


_STUDY = _tags(_STUDY_ELEMENTS)
_SERIES = _tags(_SERIES_ELEMENTS)


def level_of(tag: str) -> AttributeLevel:
    """Say where the attribute is resolved; what is not of patient, study or series is of the instance.

    `tag` is eight upper-case hexadecimal digits.
    """
    if tag in _STUDY or tag.startswith("0010"):
        return "study"
    return "series" if tag in _SERIES else "instance"
