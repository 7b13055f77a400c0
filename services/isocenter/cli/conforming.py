"""`isocenter conformance`: the DICOM conformance statement of this release."""

import click

from isocenter.operations.conformance.statement import statement


@click.command()
def conformance() -> None:
    """Print the DICOM conformance statement (PS3.2) of this release, in Markdown."""
    print(statement(), end="")


COMMANDS = (conformance,)
