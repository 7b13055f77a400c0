"""The statement as one text."""

from collections.abc import Iterable
from importlib.metadata import version
from importlib.resources import files

from isocenter.conversion.table import LOSSY_METHODS
from isocenter.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from isocenter.dicom.transfer_syntaxes import LOSSLESS_WRITTEN
from isocenter.ingest.commit_scp import TRIES as COMMIT_TRIES
from isocenter.ingest.lane import TRIES
from isocenter.ingest.settings import IngestSettings
from isocenter.ingest.suboperations import PLAIN
from isocenter.operations.conformance import tables
from isocenter.operations.conformance.web import web_transactions

FILE = "CONFORMANCE.md"  # beside the rooms; a test holds it against this


def statement() -> str:
    """Markdown; the same for the same release."""
    words = (files(__package__) / "statement.md").read_text("utf-8")
    return words.format(
        version=version("isocenter"),
        ae_title=IngestSettings.model_fields["ae_title"].default,
        plain=_named(PLAIN),
        lossless=_named(LOSSLESS_WRITTEN),
        lossy=_named(LOSSY_METHODS),
        tries=TRIES,
        commit_tries=COMMIT_TRIES,
        network_services=tables.network_services(),
        association_policies=tables.association_policies(),
        accepted_contexts=tables.accepted_contexts(),
        transfer_syntaxes=tables.transfer_syntaxes(),
        store_statuses=tables.statuses(tables.STORE),
        find_statuses=tables.statuses(tables.FIND),
        commit_statuses=tables.statuses(tables.COMMIT),
        retrieve_statuses=tables.statuses(tables.RETRIEVE),
        find_options=tables.find_options(),
        query_attributes=tables.query_attributes(),
        web_transactions=web_transactions(),
        character_sets=tables.character_sets(),
        configuration=tables.configuration(),
        storage_classes=tables.storage_classes(),
        classic_classes=tables.classic_classes(),
        implementation=tables.markdown(
            ("", ""),
            [
                ("Implementation Class UID", f"`{IMPLEMENTATION_CLASS_UID}`"),
                ("Implementation Version Name", f"`{IMPLEMENTATION_VERSION_NAME}`"),
            ],
        ),
    )


def _named(uids: Iterable[str]) -> str:
    return ", ".join(map(tables.name_of, uids))
