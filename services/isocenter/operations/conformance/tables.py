"""Tables of the conformance statement, each from the code that decides what it says."""

from collections.abc import Iterable, Iterator, Mapping

from pydicom.datadict import dictionary_description
from pydicom.uid import UID_dictionary

from isocenter.conversion.table import CLASSIC_CLASSES
from isocenter.dicom import charset
from isocenter.dicom.transfer_syntaxes import TRANSFER_SYNTAXES
from isocenter.dimse import sop_classes
from isocenter.dimse.limits import DEFAULT_P_DATA_BYTES, MAX_PDU_BYTES, Patience
from isocenter.dimse.sop_classes import is_storage_sop_class
from isocenter.ingest.ae_entry import MAX_ASSOCIATIONS
from isocenter.ingest.negotiation import AGREED, SERVED
from isocenter.ingest.settings import IngestSettings
from isocenter.ingest.statuses import Status
from isocenter.ports.index import Level, Query
from isocenter.streaming.search_answers import default_attributes

Rows = Iterable[tuple[object, ...]]

SERVICES = (
    sop_classes.VERIFICATION,
    sop_classes.PATIENT_ROOT_FIND,
    sop_classes.PATIENT_ROOT_MOVE,
    sop_classes.PATIENT_ROOT_GET,
    sop_classes.STUDY_ROOT_FIND,
    sop_classes.STUDY_ROOT_MOVE,
    sop_classes.STUDY_ROOT_GET,
    sop_classes.STORAGE_COMMITMENT,
)
_USED = {  # what we ask of others, and when
    sop_classes.VERIFICATION: "for `isocenter ae echo`",
    sop_classes.STUDY_ROOT_FIND: "for `isocenter pull`",
    sop_classes.STUDY_ROOT_MOVE: "for `isocenter pull`",
    sop_classes.STUDY_ROOT_GET: "for `isocenter pull --verify`",
}
_CANCELLED = "cancelled by the caller"
_DENIED = "the caller may not"
_FIND_OPTIONS = (
    "relational queries",
    "combined date and time matching",
    "fuzzy semantic matching of person names",
    "timezone query adjustment",
    "enhanced multi-frame image conversion",
)
STORE = {
    Status.SUCCESS: "stored, durable and searchable; also when it was there already",
    Status.OUT_OF_RESOURCES: "not now: no room, or the store is away. Send it again",
    Status.DATA_SET_DOES_NOT_MATCH_SOP_CLASS: "of another class or instance than the command says; in quarantine",
    Status.CANNOT_UNDERSTAND: "the data set cannot be used; in quarantine, with a reason",
    Status.DATA_SET_TOO_LARGE: "beyond a limit; sending it again will not help",
    Status.SOP_CLASS_NOT_SUPPORTED: "on a context of another SOP class",
    Status.NOT_AUTHORIZED: _DENIED,
    Status.PROCESSING_FAILURE: "an error of ours",
}
FIND = {
    Status.SUCCESS: "no more matches",
    Status.PENDING: "a match",
    Status.PENDING_KEYS_IGNORED: "a match; a key with a value was not matched",
    Status.CANCELLED: _CANCELLED,
    Status.OUT_OF_RESOURCES: "nobody can answer now",
    Status.DATA_SET_DOES_NOT_MATCH_SOP_CLASS: "the Identifier is not one of this model",
    Status.UNABLE_TO_PROCESS: "it cannot be processed",
    Status.NOT_AUTHORIZED: _DENIED,
}
RETRIEVE = {
    Status.SUCCESS: "all sub-operations succeeded, or there was nothing to send",
    Status.PENDING: "sub-operations go on",
    Status.SUBOPERATIONS_WITH_FAILURES: "some failed or had warnings",
    Status.CANCELLED: _CANCELLED,
    Status.UNABLE_TO_COUNT_MATCHES: "nobody can say now what is to be sent",
    Status.UNABLE_TO_PERFORM_SUBOPERATIONS: "none succeeded",
    Status.MOVE_DESTINATION_UNKNOWN: "not in the AE list, or not for this caller (C-MOVE)",
    Status.DATA_SET_DOES_NOT_MATCH_SOP_CLASS: "the Identifier lacks unique keys, or names two patients",
    Status.UNABLE_TO_PROCESS: "it cannot be processed",
    Status.NOT_AUTHORIZED: _DENIED,
}
COMMIT = {
    Status.SUCCESS: "it will be looked into, and reported",
    Status.INVALID_ARGUMENT_VALUE: "it cannot be understood, or is too large",
    Status.NOT_AUTHORIZED: _DENIED,
}
ANY = {Status.UNRECOGNIZED_OPERATION: "a message that is not served on this association"}


def markdown(head: tuple[str, ...], rows: Rows) -> str:
    """A table."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in row)} |" for row in lines)


# names that pydicom's dictionary has only once certain other libraries were loaded
_LATER_NAMES = {
    "1.2.840.10008.1.2.4.110": "JPEG XL Lossless",
    "1.2.840.10008.1.2.4.111": "JPEG XL JPEG Recompression",
    "1.2.840.10008.1.2.4.112": "JPEG XL",
    "1.2.840.10008.1.2.8.1": "Deflated Image Frame Compression",
}


def name_of(uid: str) -> str:
    """As PS3.6 Table A-1 has it."""
    return _LATER_NAMES.get(uid) or str(UID_dictionary[uid][0])


def network_services() -> str:
    """Who is SCU and SCP of what."""
    rows = [(name_of(uid), f"`{uid}`", _USED.get(uid, "no"), "yes") for uid in SERVICES]
    storage = ("All storage SOP classes (Table A-1)", "", "towards destinations", "yes")
    return markdown(("SOP class", "UID", "user (SCU)", "provider (SCP)"), [storage, *rows])


def association_policies() -> str:
    """Numbers of an association."""
    patience, fields = Patience(), IngestSettings.model_fields
    return markdown(
        ("policy", "value"),
        [
            ("Maximum PDU length offered", f"{DEFAULT_P_DATA_BYTES} bytes"),
            ("Longest PDU of any kind that is read", f"{MAX_PDU_BYTES} bytes"),
            ("Associations as acceptor", f"{fields['associations'].default} of one process"),
            ("... of one address", fields["associations_per_address"].default),
            ("Associations as initiator, to one destination", f"1; by its entry to {MAX_ASSOCIATIONS}"),
            ("ARTIM", f"{patience.artim_s:g} s"),
            ("Without a byte inside an association", f"{patience.idle_s:g} s"),
            ("Outstanding asynchronous operations", 1),
        ],
    )  # fmt: skip


def accepted_contexts() -> str:
    """Abstract syntaxes with the transfer syntaxes that are taken."""
    rows = []
    for uid in SERVICES:
        taken = next(one for one in SERVED if one.serves(uid)).transfer_syntaxes
        rows.append((name_of(uid), ", ".join(map(name_of, sorted(taken or ()))) or "any"))
    return markdown(
        ("abstract syntax", "transfer syntaxes"), [*rows, ("any storage SOP class", "any")]
    )


def find_options() -> str:
    """Of the extended negotiation of C-FIND, those that are agreed to (PS3.4 Table C.5.1-1)."""
    return ", ".join(name for at, name in enumerate(_FIND_OPTIONS) if at in AGREED)


def transfer_syntaxes() -> str:
    """Those that frames are found in."""
    rows = ((name_of(uid), f"`{uid}`") for uid in sorted(TRANSFER_SYNTAXES))
    return markdown(("transfer syntax", "UID"), rows)


def statuses(of: Mapping[Status, str]) -> str:
    """Codes and what they mean."""
    rows = ((f"{status:04X}", meaning) for status, meaning in {**of, **ANY}.items())
    return markdown(("status", "means"), rows)


def query_attributes() -> str:
    """What an answer has, level by level."""
    return markdown(("level", "attributes"), _attributes())


def _attributes() -> Iterator[tuple[str, str]]:
    above: frozenset[str] = frozenset()
    levels: tuple[Level, ...] = ("study", "series", "instance")
    for level in levels:
        found = default_attributes(Query(level))
        own = sorted(found - above)
        yield (
            level,
            ", ".join(f"{dictionary_description(int(t, 16))} ({t[:4]},{t[4:]})" for t in own),
        )
        above |= found


def character_sets() -> str:
    """Defined terms."""
    return ", ".join([*charset.known_terms(), *charset.extension_terms()])


def configuration() -> str:
    """What concerns DICOM."""
    names = (
        "ae_title", "dicom_port", "dicom_tls_port", "strict_called_ae_title", "accept_unknown", "associations",
        "associations_per_address",
    )  # fmt: skip
    fields = IngestSettings.model_fields
    return markdown(
        ("parameter", "default"),
        [(f"`{one.upper()}`", f"`{fields[one].default}`") for one in names],
    )


def storage_classes() -> str:
    """Of PS3.6, by name; retired ones are marked."""
    found = sorted(
        (entry[0], uid, entry[3])
        for uid, entry in UID_dictionary.items()
        if entry[1] == "SOP Class" and is_storage_sop_class(uid)
    )
    rows = ((name, f"`{uid}`", "retired" if retired else "") for name, uid, retired in found)
    return markdown(("SOP class", "UID", ""), rows)


def classic_classes() -> str:
    """Enhanced ones and what their frames become."""
    rows = ((name_of(one), name_of(other)) for one, other in sorted(CLASSIC_CLASSES.items()))
    return markdown(("stored", "sent"), rows)
