"""Ask the identity provider over HTTP: bounded in time and size, no redirects, no proxies of the environment."""

import json
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from isocenter.errors import InvalidRequest, Unavailable

TIMEOUT_S = 10.0
MAX_BYTES = 1 << 20
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


class Fetcher:
    """One client for all of it; raises Unavailable whatever goes wrong, with nothing of the answer in the message."""

    def __init__(self, ca_file: str = "") -> None:
        trusted = ssl.create_default_context(cafile=ca_file or None)
        self._client = httpx.AsyncClient(
            verify=trusted, timeout=TIMEOUT_S, follow_redirects=False, trust_env=False
        )

    async def get(self, url: str) -> dict[str, Any]:
        """Fetch a JSON object."""
        status, content = await self._whole("GET", url)
        return _object(content) if status == 200 else _failed(status)

    async def post(
        self, url: str, form: Mapping[str, str], user: tuple[str, str]
    ) -> tuple[int, dict[str, Any]]:
        """Send a form with Basic credentials; gives status and the JSON object, of a refusal too."""
        status, content = await self._whole("POST", url, data=dict(form), auth=user)
        return (status, _object(content)) if status < 500 else _failed(status)

    async def close(self) -> None:
        """Let the connections go."""
        await self._client.aclose()

    async def _whole(self, method: str, url: str, **sent: Any) -> tuple[int, bytes]:
        parts: list[bytes] = []
        size = 0
        try:
            async with self._client.stream(method, url, **sent) as answer:
                async for part in answer.aiter_bytes(65_536):
                    size += len(part)
                    if size > MAX_BYTES:
                        raise Unavailable("the identity provider's answer is too large")
                    parts.append(part)
                return answer.status_code, b"".join(parts)
        except httpx.HTTPError:
            raise Unavailable("the identity provider does not answer") from None


def check_url(url: str) -> str:
    """Give it back when it is https, or http of this machine; raises InvalidRequest."""
    parts = urlsplit(url)
    local = parts.scheme == "http" and parts.hostname in LOCAL_HOSTS
    if not parts.hostname or not (parts.scheme == "https" or local) or "@" in parts.netloc:
        raise InvalidRequest("an address of the identity provider is not https")
    return url


def _object(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Unavailable("the identity provider's answer is no JSON object")
    return found


def _failed(status: int) -> Any:
    raise Unavailable("the identity provider fails", status=status)
