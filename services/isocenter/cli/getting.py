"""Digests of a study's instances at another archive, by C-GET: nothing of them is kept, every byte is read."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import click

from isocenter.cli.dicomweb_source import STUDY
from isocenter.cli.dimse_source import LEVEL, PATIENCE, SYNTAXES, Archive, identifier_of
from isocenter.dimse.associate import AssociateRequest, ProposedContext
from isocenter.dimse.commands import A_DATA_SET, CommandField, CommandSet, Element, text_in
from isocenter.dimse.limits import MAX_PRESENTATION_CONTEXTS
from isocenter.dimse.requestor import Requestor
from isocenter.dimse.sop_classes import STUDY_ROOT_GET
from isocenter.dimse.user import Context
from isocenter.dimse.user_information import RoleSelection, own_information

GET = 1


@dataclass(frozen=True, slots=True)
class Got:
    """One instance as it came: its transfer syntax, and sha256 over that and the data set."""

    transfer_syntax_uid: str
    digest: str


def digests(archive: Archive, study: str, kinds: Iterable[tuple[str, str]]) -> dict[str, Got]:
    """By SOP Instance UID; `kinds` are (SOP class, transfer syntax) as they are here, so that they come alike.

    Raises ClickException when it does not serve C-GET, LOST.
    """
    asked = sorted(set(kinds))[: MAX_PRESENTATION_CONTEXTS - 1]
    contexts = (
        ProposedContext(GET, STUDY_ROOT_GET, SYNTAXES),
        *(
            ProposedContext(GET + 2 * number, sop_class, (syntax,))
            for number, (sop_class, syntax) in enumerate(asked, 1)
        ),
    )
    classes = sorted({sop_class for sop_class, _ in asked})
    roles = tuple(RoleSelection(one, scu=False, scp=True) for one in classes)
    request = AssociateRequest(
        archive.ae_title, archive.own_ae_title, contexts, own_information(roles=roles)
    )
    association = Requestor((archive.host, archive.port), request, PATIENCE)
    try:
        found = _got(association, archive, study)
    except BaseException:
        association.abort()
        raise
    association.release()
    return found


def _got(association: Requestor, archive: Archive, study: str) -> dict[str, Got]:
    context = association.contexts.get(GET)
    if context is None:
        raise click.ClickException(
            f"{archive.ae_title} does not serve C-GET, so bytes cannot be compared"
        )
    found: dict[str, Got] = {}

    def take(on: Context, command: CommandSet, pieces: Iterator[bytes]) -> int:
        sha = hashlib.sha256(on.transfer_syntax.encode())
        for piece in pieces:
            sha.update(piece)
        name = text_in(command, Element.AFFECTED_SOP_INSTANCE_UID)
        found[name] = Got(on.transfer_syntax, sha.hexdigest())
        return 0

    identifier = identifier_of({LEVEL: "STUDY", STUDY: study}, context.transfer_syntax)
    command: CommandSet = {
        Element.AFFECTED_SOP_CLASS_UID: STUDY_ROOT_GET,
        Element.COMMAND_FIELD: CommandField.C_GET_RQ,
        Element.MESSAGE_ID: 1,
        Element.PRIORITY: 0,
        Element.COMMAND_DATA_SET_TYPE: A_DATA_SET,
    }
    association.get(GET, command, identifier, take)
    return found
