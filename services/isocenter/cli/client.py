"""How commands reach the running platform: its address file, or an address given by the user."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import httpx

from isocenter.embedded.layout import Layout, default_data_folder

DEFAULT_URL = "http://127.0.0.1:8080"
TIMEOUT = httpx.Timeout(60.0, connect=5.0)


@dataclass(slots=True)
class Platform:
    """What the global options say."""

    url: str | None
    data: Path | None
    token: str | None
    as_json: bool

    def layout(self) -> Layout:
        """The data folder commands work on."""
        return Layout((self.data or default_data_folder()).absolute())

    def base_url(self) -> str:
        """Address of the running platform."""
        if self.url:
            return self.url.rstrip("/")
        try:
            known: dict[str, str] = json.loads(self.layout().address_file.read_text())
        except (OSError, ValueError):
            return DEFAULT_URL
        return known["url"]

    def http(self) -> httpx.Client:
        """A client with the user's token."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return httpx.Client(base_url=self.base_url(), headers=headers, timeout=TIMEOUT)

    def call(self, method: str, path: str, **arguments: Any) -> Any:
        """Ask the platform; its own words become the error. Returns JSON, or None when there is none."""
        try:
            with self.http() as client:
                answer = client.request(method, path, **arguments)
        except httpx.TransportError as error:
            raise click.ClickException(
                f"no platform answers at {self.base_url()} ({type(error).__name__}). Start it with: isocenter up"
            ) from error
        if answer.is_error:
            raise click.ClickException(_reason(answer))
        return answer.json() if answer.content else None


def _reason(answer: httpx.Response) -> str:
    """A sentence from a problem answer."""
    try:
        problem = answer.json()
        return str(problem.get("detail") or problem.get("title") or problem)
    except (ValueError, AttributeError):
        return f"{answer.status_code} {answer.reason_phrase}"
