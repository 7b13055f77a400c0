"""The archive that settings name, opened: in a folder, or on servers."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from isocenter.adapters.open import open_index_reader, open_journal, open_objects
from isocenter.errors import IsocenterError, NotFound
from isocenter.operations.settings import OperationsSettings
from isocenter.ports.index import IndexReader
from isocenter.ports.journal import Journal
from isocenter.ports.objects import ObjectStore
from isocenter.runtime.clock import HybridClock
from isocenter.runtime.settings import ServiceSettings

SCHEMES = ("file", "s3+http", "s3+https")


@dataclass(frozen=True, slots=True)
class Archive:
    """The truth."""

    journal: Journal
    objects: ObjectStore
    clock: HybridClock


def folder_of(url: str) -> Path | None:
    """Folder that a URL names; None when it names a server."""
    parts = urlsplit(url)
    return Path(unquote(parts.path)) if parts.scheme in ("file", "sqlite") else None


def existing_archive(settings: ServiceSettings) -> Archive:
    """Journal and objects; raises NotFound when they would be in a folder that is not there."""
    for url in (settings.objects_url, settings.journal_url):
        folder = folder_of(url)
        if folder is not None and not folder.is_dir():
            raise NotFound(f"there is no archive in {settings.data_folder}")
    return archive(settings)


def archive(settings: ServiceSettings) -> Archive:
    """Journal and objects; folders are made."""
    clock = HybridClock()
    objects = open_objects(settings.objects_url, **settings.objects_access)
    journal = open_journal(settings.journal_url, clock, **settings.objects_access)
    return Archive(journal, objects, clock)


def readable_index(settings: ServiceSettings) -> IndexReader | None:
    """The index, or None when it cannot be opened."""
    folder = folder_of(settings.index_url)
    if folder is not None and not folder.is_dir():
        return None
    with suppress(IsocenterError):
        return open_index_reader(settings.index_url, **settings.index_access)
    return None


def backup_store(place: str, settings: OperationsSettings, *, must_exist: bool) -> ObjectStore:
    """A folder, or a URL of objects; raises NotFound when it has to be there and is not, InvalidRequest."""
    is_url = urlsplit(place).scheme in SCHEMES
    url = place if is_url else f"file://{Path(place).absolute()}"
    folder = folder_of(url)
    if must_exist and folder is not None and not folder.is_dir():
        raise NotFound(f"there is no folder {folder}")
    return open_objects(url, **settings.backup_access)
