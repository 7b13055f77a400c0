"""Small instances with UIDs of their own, given to a running platform over HTTP."""

import itertools
import os
from typing import Any

import httpx
from tests.support.part10 import part10

_NUMBERS = itertools.count(1)


def fresh_uid() -> str:
    """A UID that no other test of this run uses."""
    return f"2.25.{os.getpid()}.{next(_NUMBERS)}"


def give(url: str, content: bytes, **arguments: Any) -> dict[str, Any]:
    """Import one file; returns what became of it."""
    answer = httpx.post(f"{url}/api/import", content=content, timeout=60, **arguments)
    answer.raise_for_status()
    made: dict[str, Any] = answer.json()
    return made


def give_study(url: str, count: int = 1, *, name: str = "Doe^Jane") -> str:
    """Import a study of so many instances; returns its UID."""
    study, series = fresh_uid(), fresh_uid()
    for _ in range(count):
        outcome = give(url, part10(fresh_uid(), study, series, name=name))
        assert outcome["status"] == "stored", outcome
    return study
