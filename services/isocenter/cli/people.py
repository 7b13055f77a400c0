"""`isocenter user` and `ae`: who may do what when the platform listens beyond this machine."""

import click

from isocenter.cli import show
from isocenter.cli.client import Platform

COMMANDS: tuple[click.Command, ...] = ()
del show, Platform
