"""Which abstract syntaxes are storage SOP classes: all but the other services of PS3.6 Table A-1.

Storage is what remains, so that new and private storage classes are taken without a new release.
"""

from isocenter.dicom.uids import is_valid_uid

VERIFICATION = "1.2.840.10008.1.1"
STORAGE_COMMITMENT = "1.2.840.10008.1.20.1"
STORAGE_COMMITMENT_INSTANCE = "1.2.840.10008.1.20.1.1"  # the well-known one (PS3.4 J.3.5)
PATIENT_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.1.1"
PATIENT_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.1.2"
PATIENT_ROOT_GET = "1.2.840.10008.5.1.4.1.2.1.3"
STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
STUDY_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
STUDY_ROOT_GET = "1.2.840.10008.5.1.4.1.2.2.3"
PATIENT_ROOT = frozenset({PATIENT_ROOT_FIND, PATIENT_ROOT_MOVE, PATIENT_ROOT_GET})
STUDY_ROOT = frozenset({STUDY_ROOT_FIND, STUDY_ROOT_MOVE, STUDY_ROOT_GET})
FIND_SOP_CLASSES = frozenset({PATIENT_ROOT_FIND, STUDY_ROOT_FIND})
GET_SOP_CLASSES = frozenset({PATIENT_ROOT_GET, STUDY_ROOT_GET})
_STANDARD = "1.2.840.10008."
_STORAGE_ROOT = "1.2.840.10008.5.1.4."

_OTHER_SERVICES = frozenset(
    {
        "1.2.840.10008.5.1.4.1.1.200.4",  # Protocol Approval query/retrieve
        "1.2.840.10008.5.1.4.1.1.200.5",
        "1.2.840.10008.5.1.4.1.1.200.6",
        "1.2.840.10008.5.1.4.1.1.201.2",  # Inventory query/retrieve, creation; Repository Query
        "1.2.840.10008.5.1.4.1.1.201.3",
        "1.2.840.10008.5.1.4.1.1.201.4",
        "1.2.840.10008.5.1.4.1.1.201.5",
        "1.2.840.10008.5.1.4.1.1.201.6",
        "1.2.840.10008.5.1.4.31",  # Modality Worklist
        "1.2.840.10008.5.1.4.32",  # General Purpose Worklist
        "1.2.840.10008.5.1.4.33",  # Instance Availability Notification
        "1.2.840.10008.5.1.4.34.2",  # RT Machine Verification
        "1.2.840.10008.5.1.4.34.3",
        "1.2.840.10008.5.1.4.34.8",
        "1.2.840.10008.5.1.4.34.9",
        "1.2.840.10008.5.1.4.38.2",  # Hanging Protocol query/retrieve
        "1.2.840.10008.5.1.4.38.3",
        "1.2.840.10008.5.1.4.38.4",
        "1.2.840.10008.5.1.4.39.2",  # Color Palette query/retrieve
        "1.2.840.10008.5.1.4.39.3",
        "1.2.840.10008.5.1.4.39.4",
        "1.2.840.10008.5.1.4.41",  # Product Characteristics Query
        "1.2.840.10008.5.1.4.42",  # Substance Approval Query
        "1.2.840.10008.5.1.4.43.2",  # implant templates query/retrieve
        "1.2.840.10008.5.1.4.43.3",
        "1.2.840.10008.5.1.4.43.4",
        "1.2.840.10008.5.1.4.44.2",
        "1.2.840.10008.5.1.4.44.3",
        "1.2.840.10008.5.1.4.44.4",
        "1.2.840.10008.5.1.4.45.2",
        "1.2.840.10008.5.1.4.45.3",
        "1.2.840.10008.5.1.4.45.4",
    }
)
_OTHER_SERVICE_PREFIXES = (
    "1.2.840.10008.5.1.4.1.2.",  # query/retrieve
    "1.2.840.10008.5.1.4.20.",  # Defined Procedure Protocol query/retrieve
    "1.2.840.10008.5.1.4.32.",
    "1.2.840.10008.5.1.4.34.4.",  # Unified Procedure Step, trial
    "1.2.840.10008.5.1.4.34.6.",  # Unified Procedure Step
    "1.2.840.10008.5.1.4.37.",  # Relevant Patient Information
)
_STORAGE_ELSEWHERE = frozenset(
    {
        "1.2.840.10008.5.1.1.27",  # Stored Print Storage (retired)
        "1.2.840.10008.5.1.1.29",  # Hardcopy Grayscale Image Storage (retired)
        "1.2.840.10008.5.1.1.30",  # Hardcopy Color Image Storage (retired)
    }
)


def is_storage_sop_class(uid: str) -> bool:
    """Tell whether instances of this class may be sent with C-STORE; private classes may."""
    if not is_valid_uid(uid):
        return False
    if not uid.startswith(_STANDARD):
        return True
    if not uid.startswith(_STORAGE_ROOT):
        return uid in _STORAGE_ELSEWHERE
    return uid not in _OTHER_SERVICES and not uid.startswith(_OTHER_SERVICE_PREFIXES)
