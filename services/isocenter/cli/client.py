"""How commands reach the running platform: its address file, or an address given by the user."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import click
import httpx

from isocenter.embedded.backends import read_told
from isocenter.embedded.layout import Layout, default_data_folder
from isocenter.runtime.settings import ServiceSettings, read_settings

S = TypeVar("S", bound=ServiceSettings)
DEFAULT_URL = "http://127.0.0.1:8080"
TIMEOUT = httpx.Timeout(60.0, connect=5.0)


class Refused(click.ClickException):
    """The platform answered, and not with a success."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


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

    def settings(self, kind: type[S]) -> S:
        """What the environment says of the back-ends (ISOCENTER_OBJECTS_URL ...), and else of the data folder.

        Of a cluster platform on this machine: where its servers are while it runs.
        """
        if self.data is None:
            told = read_settings(kind)
            if "data_folder" in told.model_fields_set:
                return told
        layout = self.layout()
        servers = read_told(layout.backends_file) if layout.cluster_file.exists() else {}
        return read_settings(kind, data_folder=layout.data, **servers)

    def base_url(self) -> str:
        """Address of the running platform."""
        if self.url:
            return self.url.rstrip("/")
        try:
            known: dict[str, str] = json.loads(self.layout().address_file.read_text())
            return known["url"]
        except (OSError, ValueError, KeyError):
            return DEFAULT_URL

    def http(self, below: str = "") -> httpx.Client:
        """A client with the user's token, of paths `below`; a proxy is never asked for this machine."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        url = self.base_url()
        beyond = urlsplit(url).hostname not in ("127.0.0.1", "localhost", "::1")
        return httpx.Client(
            base_url=url + below, headers=headers, timeout=TIMEOUT, trust_env=beyond
        )

    def call(self, method: str, path: str, **arguments: Any) -> Any:
        """Ask the platform; its own words become the error. Returns JSON, or None when there is none."""
        try:
            with self.http() as client:
                answer = client.request(method, path, **arguments)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise click.ClickException(
                f"no platform answers at {self.base_url()} ({type(error).__name__}). Start it with: isocenter up"
            ) from error
        if not answer.is_success:
            raise Refused(_reason(answer), answer.status_code)
        try:
            return answer.json() if answer.content else None
        except ValueError as error:
            raise click.ClickException(f"no Isocenter answers at {self.base_url()}") from error


def _reason(answer: httpx.Response) -> str:
    """A sentence from a problem answer."""
    try:
        problem = answer.json()
        return str(problem.get("detail") or problem.get("title") or problem)
    except (ValueError, AttributeError):
        return f"{answer.status_code} {answer.reason_phrase}"
