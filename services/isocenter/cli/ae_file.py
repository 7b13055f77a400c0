"""`config/ae.toml` of the data folder, the AE list to start with: read and changed where no platform need run."""

import json
import os
import re
import tomllib
from pathlib import Path
from typing import Any

import click

from isocenter.errors import InvalidRequest
from isocenter.ingest.ae_list import AE_LIST, parse_ae_list

_ENTRY = re.compile(r"^\s*\[\[ae\]\]", re.MULTILINE)


class AeFile:
    """The file; what a person wrote beside the entries stays as it is."""

    def __init__(self, config_folder: Path) -> None:
        self.path = config_folder / AE_LIST

    def entries(self) -> list[dict[str, Any]]:
        """All of them, as they are written."""
        return self._parsed(self._text())

    def add(self, entry: dict[str, Any]) -> None:
        """Append an entry."""
        text = self._text()
        lines = [f"{name} = {json.dumps(value)}" for name, value in entry.items()]
        start = [text.rstrip(), ""] if text.strip() else []
        self._write("\n".join([*start, "[[ae]]", *lines, ""]))

    def remove(self, title: str) -> bool:
        """Take a title's entries out; false when there are none."""
        text = self._text()
        starts = [match.start() for match in _ENTRY.finditer(text)]
        ends = [*starts[1:], len(text)]
        blocks = [text[start:end] for start, end in zip(starts, ends, strict=True)]
        kept = [block for block in blocks if self._parsed(block)[0].get("title") != title]
        if len(kept) == len(blocks):
            return False
        self._write(text[: starts[0]] + "".join(kept))
        return True

    def _text(self) -> str:
        try:
            return self.path.read_text("utf-8") if self.path.exists() else ""
        except (OSError, UnicodeDecodeError) as error:
            raise click.ClickException(
                f"{self.path} cannot be read: {type(error).__name__}"
            ) from error

    def _parsed(self, text: str) -> list[dict[str, Any]]:
        try:
            found: list[dict[str, Any]] = tomllib.loads(text).get("ae", [])
        except tomllib.TOMLDecodeError as error:
            raise click.ClickException(f"{self.path} cannot be read: {error}") from error
        return found

    def _write(self, text: str) -> None:
        """Put the new list in the old one's place at once, when it is a good one."""
        try:
            parse_ae_list(text.encode())
        except InvalidRequest as error:
            raise click.ClickException(error.message) from error
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = self.path.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path)
