"""The command tree and its global options."""

from importlib.metadata import version
from pathlib import Path

import click

from isocenter.cli import (
    archive,
    deleting,
    held,
    importing,
    looking,
    people,
    quarantine,
    running,
)
from isocenter.cli.client import Platform


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(version("isocenter"), prog_name="isocenter")
@click.option(
    "--url",
    envvar="ISOCENTER_URL",
    help="Address of the platform, for example http://127.0.0.1:8080.",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="ISOCENTER_DATA",
    help="Data folder of a platform on this machine.  [default: ~/.local/share/isocenter]",
)
@click.option("--token", envvar="ISOCENTER_TOKEN", help="Token of a user, where one is needed.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@click.pass_context
def app(
    context: click.Context, url: str | None, data: Path | None, token: str | None, as_json: bool
) -> None:
    """Isocenter: receive, keep, find, read and share medical images.

    Start a platform on this machine with `isocenter up`, or talk to a running one.
    """
    context.obj = Platform(url, data, token, as_json)


for command in (
    *running.COMMANDS,
    *importing.COMMANDS,
    *looking.COMMANDS,
    *quarantine.COMMANDS,
    *held.COMMANDS,
    *deleting.COMMANDS,
    *people.COMMANDS,
    *archive.COMMANDS,
):
    app.add_command(command)
