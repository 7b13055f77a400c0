"""URL to adapter. Each is imported when it is asked for, so a process loads the libraries of its own back-ends only.

For `main.py` files and `embedded`. All raise InvalidRequest for a URL that names no adapter.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable
from urllib.parse import unquote, urlsplit

from isocenter.errors import InvalidRequest
from isocenter.ports.bus import EventBus
from isocenter.ports.clock import Clock
from isocenter.ports.index import IndexGenerations, IndexReader
from isocenter.ports.journal import Journal
from isocenter.ports.objects import ObjectStore

S3 = ("s3+http", "s3+https")
OPENSEARCH = ("opensearch+http", "opensearch+https")


class _Findings(Protocol):
    @property
    def warnings(self) -> Sequence[str]: ...


@runtime_checkable
class _Probed(Protocol):
    def probe(self) -> _Findings: ...


@runtime_checkable
class _PreparedBus(Protocol):
    async def ensure_streams(self) -> None: ...


class BusState(Protocol):
    """Streams that are not there, events that wait, events nobody could handle."""

    @property
    def missing(self) -> Sequence[str]:
        """Names of streams."""

    @property
    def lags(self) -> Mapping[str, int]:
        """Events that wait, by `stream/consumer`."""

    @property
    def dead_letters(self) -> int:
        """Events."""


@runtime_checkable
class _ToldBus(Protocol):
    async def state(self) -> BusState: ...


@runtime_checkable
class _PreparedIndex(Protocol):
    def prepare(self) -> None: ...


def open_objects(url: str, **access: str) -> ObjectStore:
    """`file:///folder`: objects below it; the folder is made durably when it is missing.

    `s3+https://host:port/bucket`, or `+http`: a bucket that exists, asked for at the first use. `access_key` and
    `secret_key` in `access`, never in the URL, and `spool_folder` on this machine for what is not an object yet.
    """
    if urlsplit(url).scheme in S3:
        from isocenter.adapters.objects.s3 import S3Objects

        return S3Objects.at(url, **access)
    _check("objects", url, "file", *S3)
    from isocenter.adapters.objects.filesystem import FilesystemObjects

    return FilesystemObjects(_folder(url))


def open_spool_files(spool_folder: Path) -> ObjectStore:
    """What is to last in the folder where spools are; it is made durably when it is missing."""
    return open_objects(spool_folder.absolute().as_uri())


def probe_objects(objects: ObjectStore) -> Sequence[str]:
    """Try out at start what the objects are kept in; gives warnings for whoever runs it. A file system needs none.

    Raises UnfitStore, which names its lies; Unavailable, OutOfSpace, StorageFailed when it cannot be asked now.
    """
    return objects.probe().warnings if isinstance(objects, _Probed) else ()


def open_journal(url: str, clock: Clock, **access: str) -> Journal:
    """`file:///folder`: segments in `journal` below it. Any other URL of objects: commits as objects in that store."""
    if urlsplit(url).scheme != "file":
        from isocenter.adapters.journal.objects import ObjectJournal

        return ObjectJournal(open_objects(url, **access), clock)
    from isocenter.adapters.journal.files import FileJournal

    return FileJournal(_folder(url), clock)


def open_index_reader(url: str, **access: str) -> IndexReader:
    """`sqlite:///folder`, read-only, which may still be empty; or a server as `open_index_generations` has it."""
    if _is_opensearch(url):
        from isocenter.adapters.index.opensearch import OpenSearchReader, located

        return OpenSearchReader(*located(url, **access))
    _check("index", url, "sqlite", *OPENSEARCH)
    from isocenter.adapters.index.sqlite import SqliteReader

    return SqliteReader(_folder(url))


def open_index_generations(url: str, *, holder: str = "", **access: str) -> IndexGenerations:
    """`sqlite:///folder`, for its one writer; or `opensearch+https://host:port/prefix`, or `+http`.

    Of a server: `user`, `password` and `ca_file` in `access`, never in the URL. `holder` names the process, the same
    after a restart, to whoever else wants to write; without one a folder's lock is not asked for.
    """
    if _is_opensearch(url):
        from isocenter.adapters.index.opensearch import OpenSearchGenerations, located

        return OpenSearchGenerations(*located(url, **access), holder=holder, keeps=bool(holder))
    _check("index", url, "sqlite", *OPENSEARCH)
    from isocenter.adapters.index.sqlite import SqliteGenerations

    return SqliteGenerations(_folder(url), locked=bool(holder))


def open_bus(
    url: str, *, site: str, user: str = "", token: str = "", name: str = "", replicas: int = 1
) -> EventBus:
    """`nats://host:port`, or `nats://host:port,host:port,...` for a cluster; connects at the first use.

    `name` is shown among the broker's connections. Each stream is kept on so many servers as `replicas` says.
    """
    _check("bus", url, "nats", "tls")
    scheme, _, addresses = url.partition("://")
    from isocenter.adapters.bus.nats import NatsBus

    servers = [f"{scheme}://{address}" for address in addresses.split(",")]
    return NatsBus(servers, site=site, user=user, token=token, name=name, replicas=replicas)


async def prepare_bus(bus: EventBus) -> None:
    """Make a site's streams; may be repeated. Raises Unavailable."""
    if isinstance(bus, _PreparedBus):
        await bus.ensure_streams()


async def bus_state(bus: EventBus) -> BusState | None:
    """What the broker holds of the site, None when it does not tell; nothing is made. Raises Unavailable."""
    return await bus.state() if isinstance(bus, _ToldBus) else None


def prepare_index(generations: IndexGenerations) -> None:
    """Put what indices are made from, on a server; may be repeated, and touches no index. Raises Unavailable."""
    if isinstance(generations, _PreparedIndex):
        generations.prepare()


def _is_opensearch(url: str) -> bool:
    return urlsplit(url).scheme in OPENSEARCH


def _check(port: str, url: str, *schemes: str) -> None:
    if urlsplit(url).scheme not in schemes:
        raise InvalidRequest(f"the {port} URL has to start with one of: {', '.join(schemes)}")


def _folder(url: str) -> Path:
    """Give the URL's folder, made and synced into every parent that did not know it yet."""
    parts = urlsplit(url)
    path = Path(unquote(parts.path))
    if parts.netloc or parts.query or parts.fragment or not path.is_absolute():
        raise InvalidRequest("a URL of a folder has an absolute path and nothing else")
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(exist_ok=True, mode=0o700)
        parent = os.open(folder.parent, os.O_RDONLY)
        try:
            os.fsync(parent)
        finally:
            os.close(parent)
    return path
