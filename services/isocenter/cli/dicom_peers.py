"""`isocenter ae`: who may send and ask by DICOM, and where studies can be moved.

Changes are entries of the running platform's journal; with `--file` they are made in the list that a platform starts
with, `config/ae.toml` of the data folder.
"""

from typing import Any

import click

from isocenter.cli import show
from isocenter.cli.ae_file import AeFile
from isocenter.cli.client import Platform
from isocenter.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from isocenter.dimse.associate import AssociateRequest, ProposedContext
from isocenter.dimse.commands import NO_DATA_SET, CommandField, Element, number_in
from isocenter.dimse.limits import Patience
from isocenter.dimse.requestor import Requestor
from isocenter.dimse.sop_classes import VERIFICATION
from isocenter.dimse.user_information import own_information
from isocenter.errors import InvalidRequest
from isocenter.ingest.ae_entry import NAMES, AeEntry, read_entry
from isocenter.ingest.destination import Destination
from isocenter.ingest.lane import LOST
from isocenter.ingest.tls_files import towards

PATH = "/api/ae"
FIELDS = ("title", "address", "port", "may_send", "may_ask", "moves_to", "tls", "tls_subject")
COLUMNS = (*FIELDS, "receives", "source", "by")
RECEIVES = (
    "lossy_quality", "single_frames", "max_series_instances", "split_phases", "associations",
)  # fmt: skip

in_file = click.option(
    "--file",
    "in_file",
    is_flag=True,
    help="The list to start with, config/ae.toml of the data folder; no platform need run.",
)


@click.group(invoke_without_command=True)
@click.pass_context
def ae(context: click.Context) -> None:
    """Show the AE list, add to it, remove from it, try a destination out.

    Changes take effect within a second or two in all processes of the platform, without a restart. They are entries of
    the journal, with who made them. A platform starts with the list in config/ae.toml of its data folder; of a title
    that was added or removed since, the file counts no more.
    """
    if context.invoked_subcommand is None:
        context.invoke(list_entries)


@ae.command("list")
@in_file
@click.pass_obj
def list_entries(platform: Platform, /, in_file: bool = False) -> None:
    """Show who may send and ask, where studies can be moved, and who said so."""
    known = _known(platform, in_file=in_file)
    lines = ([_shown(entry, name) for name in COLUMNS] for entry in known)
    empty = "The AE list is empty."
    show.answer(known, lambda: show.table(COLUMNS, lines, empty=empty), in_json=platform.as_json)


def _known(platform: Platform, *, in_file: bool) -> list[dict[str, Any]]:
    if in_file:
        return AeFile(platform.layout().config).entries()
    found: list[dict[str, Any]] = platform.call("GET", PATH)
    return found


def _shown(entry: dict[str, Any], name: str) -> str:
    if name == "receives":
        return ", ".join(
            f"{one} {entry[one]}".removesuffix(" True") for one in RECEIVES if one in entry
        )
    value = entry.get(name, "")
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
@click.option(
    "--lossy-quality",
    type=click.IntRange(1, 100),
    help="It is sent pictures compressed with loss, marked and under new names; 80: a CT slice to a tenth.",
)
@click.option(
    "--single-frames", is_flag=True, help="It is sent enhanced objects as classic images."
)
@click.option("--max-series-instances", type=int, help="Larger series are sent to it in parts.")
@click.option("--split-phases", is_flag=True, help="Each phase of a series is a part of its own.")
@click.option("--associations", type=int, help="How many it is sent to on at once. [default: 1]")
@click.option("--replace", is_flag=True, help="In the place of what the list says of it.")
@in_file
@click.pass_obj
def add(platform: Platform, /, title: str, *, replace: bool, in_file: bool, **given: Any) -> None:
    """Add TITLE, an AE title."""
    if given["moves_to"]:
        given["moves_to"] = list(given["moves_to"])
    entry = {"title": title, **{name: value for name, value in given.items() if value}}
    _checked(entry)
    is_known = any(one.get("title") == title for one in _known(platform, in_file=in_file))
    if is_known and not replace:
        raise click.ClickException(f"{title} is in the list already: --replace it, or remove it")
    if in_file:
        file = AeFile(platform.layout().config)
        file.remove(title)
        file.add(entry)
    else:
        platform.call("PUT", PATH, json=entry)
    show.answer(entry, lambda: show.console.print(f"{title} is added."), in_json=platform.as_json)


def _checked(entry: dict[str, Any]) -> AeEntry:
    try:
        return read_entry(entry, 1)
    except InvalidRequest as error:
        raise click.ClickException(error.message) from error


@ae.command("remove")
@click.argument("title")
@in_file
@click.pass_obj
def remove(platform: Platform, /, title: str, *, in_file: bool) -> None:
    """Remove TITLE with all its entries; the others stay as they are."""
    if not in_file:
        platform.call("DELETE", PATH, params={"title": title})
    elif not AeFile(platform.layout().config).remove(title):
        raise click.ClickException(f"{title} is not in the list")
    done = {"title": title, "removed": True}
    show.answer(done, lambda: show.console.print(f"{title} is removed."), in_json=platform.as_json)


@ae.command("echo")
@click.argument("title")
@click.option("--from", "own", default="ISOCENTER", show_default=True, help="Our own AE title.")
@in_file
@click.pass_obj
def echo(platform: Platform, /, title: str, own: str, *, in_file: bool) -> None:
    """Ask a destination whether it is there (C-ECHO), from this machine. Exit code 1 when it is not."""
    destination = _destination(platform, title, _known(platform, in_file=in_file))
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


def _destination(platform: Platform, title: str, known: list[dict[str, Any]]) -> Destination:
    for said in known:
        if said.get("title") == title and said.get("port"):
            entry = _checked({name: value for name, value in said.items() if name in NAMES})
            config = platform.layout().config
            secured = towards(config, entry.tls_subject) if entry.tls else None
            return Destination(title, entry.address, entry.port, secured)
    raise click.ClickException(f"the list has no address and port of {title}")


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
