"""An archive, asked by DIMSE: what it has by C-FIND, sent to the platform by C-MOVE. Study root, every key given."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

import click

from isocenter.cli.dicomweb_source import SERIES, SOP, STUDY, Name
from isocenter.dicom.json_attributes import first
from isocenter.dicom.json_writing import write_dataset
from isocenter.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from isocenter.dimse.ae_title import is_valid_ae_title
from isocenter.dimse.associate import AssociateRequest, ProposedContext
from isocenter.dimse.commands import (
    A_DATA_SET,
    PENDING,
    CommandField,
    CommandSet,
    Element,
    number_in,
)
from isocenter.dimse.limits import Patience
from isocenter.dimse.requestor import Requestor
from isocenter.dimse.sop_classes import STUDY_ROOT_FIND, STUDY_ROOT_MOVE
from isocenter.dimse.user_information import own_information
from isocenter.errors import IsocenterError
from isocenter.ingest.identifier import read_document
from isocenter.ingest.lane import LOST

PATIENCE = Patience(idle_s=600.0)  # archives fetch from tape, and need not say that they go on
FIND, MOVE = 1, 3  # context identifiers
LEVEL, _DATE = "00080052", "00080020"
SYNTAXES = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)
_VRS = {LEVEL: "CS", _DATE: "DA", STUDY: "UI", SERIES: "UI", SOP: "UI"}
_URL = re.compile(r"dicom://([^@/]{1,16})@(\[[0-9a-fA-F:]+\]|[^:/@]+):(\d{1,5})/?")
_DAYS = re.compile(r"(\d{8})-(\d{8})")


class Refused(click.ClickException):
    """It answered, and not with a success."""


@dataclass(frozen=True, slots=True)
class Archive:
    """Where it listens, and who asks it."""

    ae_title: str
    host: str
    port: int
    own_ae_title: str

    @classmethod
    def at(cls, url: str, own_ae_title: str) -> Self:
        """Read dicom://TITLE@HOST:PORT."""
        found = _URL.fullmatch(url)
        if found is None or not all(map(is_valid_ae_title, (found[1], own_ae_title))):
            raise click.ClickException("an archive is named dicom://AE_TITLE@HOST:PORT")
        return cls(found[1], found[2].strip("[]"), int(found[3]), own_ae_title)


@dataclass(frozen=True, slots=True)
class Moved:
    """What the other archive said at the end of a C-MOVE."""

    status: int
    failed: int

    @property
    def is_whole(self) -> bool:
        """It says that all of it went."""
        return not self.status and not self.failed


class DimseSource:
    """Asks on one association, made anew when it broke. Raises ClickException with what it said, or LOST."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._association: Requestor | None = None
        self._message_id = 0

    def close(self) -> None:
        """Release what is open."""
        association, self._association = self._association, None
        if association is not None:
            association.release()

    def studies(self, days: str) -> list[str]:
        """Studies of these days, `A-B`; empty: all. A range that is too much for it is asked for in halves."""
        asked = {LEVEL: "STUDY", _DATE: days, STUDY: ""}
        try:
            return [first(one, STUDY) for one in self._find(asked)]
        except Refused:
            halves = _halves(days)
            if halves is None:
                raise
            return list(dict.fromkeys(one for half in halves for one in self.studies(half)))

    def instances(self, study: str) -> list[Name]:
        """All of a study, series by series."""
        found: list[Name] = []
        for one in self._find({LEVEL: "SERIES", STUDY: study, SERIES: ""}):
            series = first(one, SERIES)
            asked = {LEVEL: "IMAGE", STUDY: study, SERIES: series, SOP: ""}
            found += [Name(study, series, first(each, SOP)) for each in self._find(asked)]
        return found

    def move(self, to: str, study: str, series: str = "") -> Moved:
        """Have a study sent to an AE title, or one series of it."""
        asked = {LEVEL: "SERIES" if series else "STUDY", STUDY: study}
        if series:
            asked[SERIES] = series
        command: CommandSet = {
            Element.AFFECTED_SOP_CLASS_UID: STUDY_ROOT_MOVE,
            Element.COMMAND_FIELD: CommandField.C_MOVE_RQ,
            Element.MOVE_DESTINATION: to,
        }
        last, _ = self._asked(MOVE, command, asked)[-1]
        failed = last.get(Element.NUMBER_OF_FAILED_SUBOPERATIONS, 0)
        return Moved(number_in(last, Element.STATUS), failed if isinstance(failed, int) else 0)

    def _find(self, asked: Mapping[str, str]) -> list[dict[str, object]]:
        command: CommandSet = {
            Element.AFFECTED_SOP_CLASS_UID: STUDY_ROOT_FIND,
            Element.COMMAND_FIELD: CommandField.C_FIND_RQ,
        }
        found: list[dict[str, object]] = []
        for response, identifier in self._asked(FIND, command, asked):
            status = number_in(response, Element.STATUS)
            if status in PENDING:
                found.append(self._read(identifier))
            elif status:
                raise Refused(f"{self._archive.ae_title} answers a question with {status:04X}")
        return found

    def _read(self, identifier: bytes) -> dict[str, object]:
        try:
            return read_document(identifier, self._syntax(FIND))
        except IsocenterError as error:
            raise click.ClickException(f"an answer cannot be read: {error.message}") from error

    def _asked(
        self, context_id: int, command: CommandSet, asked: Mapping[str, str]
    ) -> list[tuple[CommandSet, bytes]]:
        try:
            return self._ask(context_id, command, asked)
        except LOST:  # archives end associations that rest
            if self._association is None:
                raise
            self._association.abort()
            self._association = None
            return self._ask(context_id, command, asked)

    def _ask(
        self, context_id: int, command: CommandSet, asked: Mapping[str, str]
    ) -> list[tuple[CommandSet, bytes]]:
        association = self._association or self._connected()
        self._message_id = self._message_id % 0xFFFF + 1
        content = identifier_of(asked, self._syntax(context_id))
        common: CommandSet = {
            Element.MESSAGE_ID: self._message_id,
            Element.PRIORITY: 0,
            Element.COMMAND_DATA_SET_TYPE: A_DATA_SET,
        }
        return list(association.ask(context_id, {**command, **common}, content))

    def _syntax(self, context_id: int) -> str:
        association = self._association
        context = association.contexts.get(context_id) if association is not None else None
        if context is None:
            what = "C-FIND" if context_id == FIND else "C-MOVE"
            raise click.ClickException(f"{self._archive.ae_title} does not serve {what}")
        return context.transfer_syntax

    def _connected(self) -> Requestor:
        archive = self._archive
        contexts = (
            ProposedContext(FIND, STUDY_ROOT_FIND, SYNTAXES),
            ProposedContext(MOVE, STUDY_ROOT_MOVE, SYNTAXES),
        )
        request = AssociateRequest(
            archive.ae_title, archive.own_ae_title, contexts, own_information()
        )
        self._association = Requestor((archive.host, archive.port), request, PATIENCE)
        return self._association


def identifier_of(asked: Mapping[str, str], transfer_syntax_uid: str) -> bytes:
    """Keys and their values as they are sent; an empty value asks for the attribute."""
    document = {
        tag: {"vr": _VRS[tag], "Value": [value]} if value else {"vr": _VRS[tag]}
        for tag, value in asked.items()
    }
    explicit = transfer_syntax_uid == EXPLICIT_VR_LITTLE_ENDIAN
    return write_dataset(document, explicit=explicit)[0]


def _halves(days: str) -> tuple[str, str] | None:
    """A range of days as two; None when it is one day or has an open end."""
    found = _DAYS.fullmatch(days)
    if found is None:
        return None
    start, end = (date.fromisoformat(f"{day[:4]}-{day[4:6]}-{day[6:]}") for day in found.groups())
    if start >= end:
        return None
    middle = start + (end - start) // 2
    return f"{start:%Y%m%d}-{middle:%Y%m%d}", f"{middle + timedelta(days=1):%Y%m%d}-{end:%Y%m%d}"
