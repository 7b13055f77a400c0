"""`isocenter ae`: who may send and ask by DICOM, and where studies can be moved. Kept in `config/ae.toml`."""

import json
import os
import re
import tomllib
from pathlib import Path
from typing import Any

import click

from isocenter.cli import show
from isocenter.cli.client import Platform
from isocenter.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from isocenter.dimse.associate import AssociateRequest, ProposedContext
from isocenter.dimse.commands import NO_DATA_SET, CommandField, Element, number_in
from isocenter.dimse.limits import Patience
from isocenter.dimse.requestor import Requestor
from isocenter.dimse.sop_classes import VERIFICATION
from isocenter.dimse.user_information import own_information
from isocenter.errors import InvalidRequest
from isocenter.ingest.ae_list import AeList, parse_ae_list
from isocenter.ingest.destinations import LOST, Destination

FIELDS = ("title", "address", "port", "may_send", "may_ask", "moves_to", "tls", "tls_subject")
_ENTRY = re.compile(r"^\s*\[\[ae\]\]", re.MULTILINE)


def _path(platform: Platform) -> Path:
    return platform.layout().config / "ae.toml"


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8") if path.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{path} cannot be read: {type(error).__name__}") from error


def _write(path: Path, text: str) -> None:
    """Put the new list in the old one's place at once, when it is a good one."""
    try:
        parse_ae_list(text.encode())
    except InvalidRequest as error:
        raise click.ClickException(error.message) from error
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_suffix(".new")
    with fresh.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _entries(text: str, path: Path) -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = tomllib.loads(text).get("ae", [])
    except tomllib.TOMLDecodeError as error:
        raise click.ClickException(f"{path} cannot be read: {error}") from error
    return found


@click.group(invoke_without_command=True)
@click.pass_context
def ae(context: click.Context) -> None:
    """Show the AE list, add to it, remove from it, try a destination out.

    Changes take effect within a second, without a restart. The list is config/ae.toml in the data folder.
    """
    if context.invoked_subcommand is None:
        context.invoke(list_entries)


@ae.command("list")
@click.pass_obj
def list_entries(platform: Platform, /) -> None:
    """Show who may send and ask, and where studies can be moved."""
    path = _path(platform)
    known = _entries(_read(path), path)
    lines = ([_shown(entry.get(name, "")) for name in FIELDS] for entry in known)
    empty = f"The AE list is empty. It is the file {path}"
    show.answer(known, lambda: show.table(FIELDS, lines, empty=empty), in_json=platform.as_json)


def _shown(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


@ae.command("add")
@click.argument("title")
@click.option("--address", default="", help="Its IP address, or a network, 10.0.0.0/24.")
@click.option("--port", type=int, help="Where it listens: studies can be moved there.")
@click.option("--may-send", is_flag=True, help="C-STORE and Storage Commitment.")
@click.option("--may-ask", is_flag=True, help="C-FIND, C-GET, C-MOVE.")
@click.option(
    "--moves-to", multiple=True, help="May move to this destination alone; may be repeated."
)
@click.option(
    "--tls", is_flag=True, help="It listens with TLS, and is believed by dicom-tls-ca.crt."
)
@click.option("--tls-subject", default="", help="Subject that its certificate has to have.")
@click.pass_obj
def add(platform: Platform, /, title: str, **given: Any) -> None:
    """Add TITLE, an AE title."""
    path = _path(platform)
    text = _read(path)
    if any(entry.get("title") == title for entry in _entries(text, path)):
        raise click.ClickException(f"{title} is in the list already: remove it first")
    entry = {"title": title, **{name: value for name, value in given.items() if value}}
    lines = [f"{name} = {json.dumps(value)}" for name, value in entry.items()]
    _write(path, "\n".join([*([text.rstrip(), ""] if text.strip() else []), "[[ae]]", *lines, ""]))
    show.answer(entry, lambda: show.console.print(f"{title} is added."), in_json=platform.as_json)


@ae.command("remove")
@click.argument("title")
@click.pass_obj
def remove(platform: Platform, /, title: str) -> None:
    """Remove TITLE with all its entries; the others stay as they are written."""
    path = _path(platform)
    text = _read(path)
    starts = [match.start() for match in _ENTRY.finditer(text)]
    ends = [*starts[1:], len(text)]
    blocks = [text[start:end] for start, end in zip(starts, ends, strict=True)]
    kept = [block for block in blocks if _entries(block, path)[0].get("title") != title]
    if len(kept) == len(blocks):
        raise click.ClickException(f"{title} is not in the list")
    _write(path, text[: starts[0]] + "".join(kept))
    done = {"title": title, "removed": True}
    show.answer(done, lambda: show.console.print(f"{title} is removed."), in_json=platform.as_json)


@ae.command("echo")
@click.argument("title")
@click.option("--from", "own", default="ISOCENTER", show_default=True, help="Our own AE title.")
@click.pass_obj
def echo(platform: Platform, /, title: str, own: str) -> None:
    """Ask a destination whether it is there (C-ECHO). Exit code 1 when it is not."""
    try:
        destination = AeList(_path(platform)).address_of(title)
    except InvalidRequest as error:
        raise click.ClickException(error.message) from error
    if destination is None:
        raise click.ClickException(f"the list has no address and port of {title}")
    try:
        status = _echo(destination, own)
    except LOST as error:
        where = f"{destination.host}:{destination.port}"
        message = f"{title} at {where}: {error or type(error).__name__}"
        raise click.ClickException(message) from error
    if status:
        raise click.ClickException(f"{title} answers with status {status:04X}")
    done = {"title": title, "answers": True}
    show.answer(done, lambda: show.console.print(f"{title} answers."), in_json=platform.as_json)


def _echo(to: Destination, own: str) -> int:
    syntaxes = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)
    contexts = (ProposedContext(1, VERIFICATION, syntaxes),)
    request = AssociateRequest(to.ae_title, own, contexts, own_information())
    association = Requestor((to.host, to.port), request, Patience(), to.secured)
    response = association.send(
        1,
        {
            Element.AFFECTED_SOP_CLASS_UID: VERIFICATION,
            Element.COMMAND_FIELD: CommandField.C_ECHO_RQ,
            Element.MESSAGE_ID: 1,
            Element.COMMAND_DATA_SET_TYPE: NO_DATA_SET,
        },
    )
    association.release()
    return number_in(response, Element.STATUS)


COMMANDS = (ae,)
