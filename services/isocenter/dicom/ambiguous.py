"""Value representations that PS3.6 leaves open ("US or SS"), settled by the rest of the data set (PS3.5 A.1)."""

from isocenter.dicom.attributes import key_of
from isocenter.dicom.json_values import JsonObject

_PIXEL_REPRESENTATION = key_of(0x00280103)
_LUT_DESCRIPTOR = key_of(0x00283002)
_WAVEFORM_BITS_ALLOCATED = key_of(0x54001004)
_WAVEFORM_GROUP = "5400"


def is_signed(document: JsonObject, *, inherited: bool) -> bool:
    """Tell whether pixel values are signed: the data set's own Pixel Representation, else that of what it is in."""
    own = _first_value(document, _PIXEL_REPRESENTATION)
    return inherited if own is None else own == 1


def settle(vr: str, key: str, document: JsonObject, *, inherited: bool) -> bytes:
    """Choose one of the representations `vr` names for the element `key` of `document`, as far as it is built."""
    if " or " not in vr:
        return vr.encode("ascii")
    if vr == "OB or OW":
        eight = (
            key.startswith(_WAVEFORM_GROUP)
            and _first_value(document, _WAVEFORM_BITS_ALLOCATED) == 8
        )
        return b"OB" if eight else b"OW"
    if "OW" in vr and _first_value(document, _LUT_DESCRIPTOR) != 1:
        return b"OW"
    return b"SS" if "SS" in vr and is_signed(document, inherited=inherited) else b"US"


def _first_value(document: JsonObject, key: str) -> object:
    values = document.get(key, {}).get("Value")
    return values[0] if values else None
