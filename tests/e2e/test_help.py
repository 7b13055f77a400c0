"""Every command says what it does, and how wrong usage ends."""

from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from tests.support.commanded import command
from tests.support.ports import free_port

from isocenter.cli.app import app


def commands(group: click.Group = app, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        yield (*words, name)
        if isinstance(found, click.Group):
            yield from commands(found, (*words, name))


TALKING = [
    ("search",),
    ("status",),
    ("quarantine", "list"),
    ("quarantine", "show", "00"),
    ("quarantine", "release", "00"),
    ("quarantine", "drop", "00"),
    ("held", "list"),
    ("held", "show", "x"),
    ("held", "release", "x"),
    ("held", "drop", "x"),
    ("delete", "1.2.3", "--yes"),
    ("undelete",),
    ("correct", "1.2.3", "--set", "StudyID=7"),
    ("move", "1.2.3", "--to-patient-of", "1.2.4", "--yes"),
    ("merge", "1.2.3", "--into-patient-of", "1.2.4", "--yes"),
    ("history", "1.2.3"),
    ("undo", "00"),
    ("import", "."),
    ("ae", "list"),
    ("ae", "add", "CT1"),
    ("ae", "remove", "CT1"),
]


def test_every_command_explains_itself() -> None:
    for words in commands():
        found: click.Command = app
        for word in words:
            assert isinstance(found, click.Group)
            inner = found.get_command(click.Context(found), word)
            assert inner is not None
            found = inner
        context = click.Context(found, info_name=words[-1])
        text = found.get_help(context)
        assert "Usage:" in text
        assert found.help and len(found.help) > 10, words
        assert all(
            option.help for option in found.params if isinstance(option, click.Option)
        ) or words in [("up",), ("quarantine", "list"), ("held", "list"), ("search",)], words


def test_help_and_version_of_the_installed_command_end_with_0(tmp_path: Path) -> None:
    assert "isocenter up" in command(tmp_path, "--help").stdout
    assert "--dicom-tls-port" in command(tmp_path, "up", "--help").stdout
    assert command(tmp_path, "--version").stdout.startswith("isocenter, version")


@pytest.mark.parametrize(
    "words", [("nonsense",), ("import",), ("up", "--http-port", "0"), ("serve", "x")]
)
def test_wrong_usage_ends_with_2(words: tuple[str, ...], tmp_path: Path) -> None:
    assert command(tmp_path, *words, code=2).stderr


@pytest.mark.parametrize("words", [TALKING[0], TALKING[-1]])
def test_without_a_platform_a_command_says_how_to_start_one(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    done = command(tmp_path, "--url", url, *words, code=1)
    assert "isocenter up" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [("verify",), ("doctor",), ("rebuild-index",)])
def test_commands_on_a_folder_without_archive_say_so(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    done = command(tmp_path, "--data", tmp_path / "nowhere", *words, code=1)
    assert "there is no archive" in done.stderr
    assert not (tmp_path / "nowhere").exists()
