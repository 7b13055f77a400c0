"""MetadataIndex on SQLite: for one machine."""

from isocenter.adapters.index.sqlite.generations import SqliteGenerations
from isocenter.adapters.index.sqlite.reader import SqliteReader
from isocenter.adapters.index.sqlite.writer import SqliteIndex

__all__ = ["SqliteGenerations", "SqliteIndex", "SqliteReader"]
