"""A cluster platform whose services reach MinIO through a proxy, and what the proxy does to them."""

import random
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.support.cluster_platform import ClusterPlatform, running_cluster_platform
from tests.support.s3_proxy import Asked, Forward, Proxy, Rule, Told, failing, honest, proxied

from isocenter.embedded.backends import read_told
from isocenter.embedded.layout import Layout
from isocenter.embedded.minio_server import BUCKET, REGION

SLOW_S = 1.0


@dataclass(frozen=True, slots=True)
class BehindProxy:
    """Both."""

    platform: ClusterPlatform
    proxy: Proxy

    @contextmanager
    def misbehaving(self, rule: Rule) -> Iterator[None]:
        """The store follows a rule as long as the block lasts."""
        self.proxy.rule = rule
        try:
            yield
        finally:
            self.proxy.rule = honest


def minio_of(data: Path) -> str:
    """MinIO's own address."""
    told = read_told(Layout(data).backends_file)
    return f"http://{urlsplit(told['objects_url']).netloc}"


@contextmanager
def behind_proxy(data: Path) -> Iterator[BehindProxy]:
    """A platform for as long as the block lasts."""
    with proxied(lambda: minio_of(data)) as proxy:
        url = f"s3+{proxy.address}/{BUCKET}?region={REGION}"
        settings = {"ISOCENTER_OBJECTS_URL": url, "ISOCENTER_JOURNAL_URL": url}
        with running_cluster_platform(data, settings=settings) as platform:
            yield BehindProxy(platform, proxy)


class Unavailable:
    """503 for everything, and half of it was done all the same. `harmed` has the methods that were asked."""

    def __init__(self, rng: random.Random) -> None:
        self.harmed: list[str] = []
        self._rng = rng

    def __call__(self, asked: Asked, forward: Forward) -> Told:
        self.harmed.append(asked.method)
        if is_head(self._rng):
            forward(asked)
        return failing(503, "SlowDown")


class Slow:
    """Answers late, until it is over."""

    def __init__(self) -> None:
        self.harmed: list[str] = []
        self.is_over = threading.Event()

    def __call__(self, asked: Asked, forward: Forward) -> Told:
        self.harmed.append(asked.method)
        self.is_over.wait(SLOW_S)
        return forward(asked)


class Cut:
    """The line goes dead in the middle of half of the bodies, on their way there or back."""

    def __init__(self, rng: random.Random, address: str) -> None:
        self.harmed: list[str] = []
        self._rng = rng
        self._address = address

    def __call__(self, asked: Asked, forward: Forward) -> Told | None:
        if is_head(self._rng):
            return forward(asked)
        self.harmed.append(asked.method)
        if asked.body and is_head(self._rng):
            begin(self._address, asked, len(asked.body) // 2)
            return None
        told = forward(asked)
        if not told.body:
            return None
        return Told(told.status, told.headers, told.body, cut_after=len(told.body) // 2)


def is_head(rng: random.Random) -> bool:
    """Toss a coin."""
    return rng.random() < 0.5


def begin(address: str, asked: Asked, size: int) -> None:
    """Send a store so many bytes of the body, and hang up."""
    told = urlsplit(address)
    head = "".join(f"{name}: {value}\r\n" for name, value in asked.headers)
    request = f"{asked.method} {asked.target} HTTP/1.1\r\n{head}\r\n".encode()
    with socket.create_connection((told.hostname, told.port), timeout=30) as connection:
        connection.sendall(request + asked.body[:size])
