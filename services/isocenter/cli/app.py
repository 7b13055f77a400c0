"""The command tree and its global options."""

from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import click

from isocenter.cli.client import Platform

MODULES = {
    "up": "running",
    "serve": "running",
    "prepare": "running",
    "import": "importing",
    "pull": "pulling",
    "export": "exporting",
    "transcode": "transcoding",
    "search": "looking",
    "status": "looking",
    "series": "arranged",
    "quarantine": "quarantine",
    "held": "held",
    "delete": "deleting",
    "undelete": "deleting",
    "correct": "correcting",
    "move": "correcting",
    "merge": "correcting",
    "history": "correcting",
    "undo": "correcting",
    "user": "people",
    "ae": "dicom_peers",
    "verify": "archive",
    "doctor": "archive",
    "rebuild-index": "archive",
    "backup": "backing_up",
    "restore": "backing_up",
    "conformance": "conforming",
}


class Commands(click.Group):
    """Loads only what is asked for, so that small commands answer at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of first use."""
        return list(MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module; None when there is no such command."""
        module = MODULES.get(cmd_name)
        if module is None:
            return None
        found: dict[str, click.Command] = {
            command.name: command for command in import_module(f"isocenter.cli.{module}").COMMANDS
        }
        return found[cmd_name]


@click.group(
    cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
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
