"""What the doctor is shown, and what each look tells."""

from dataclasses import dataclass
from typing import Literal

from isocenter.embedded.layout import Layout
from isocenter.ingest.settings import IngestSettings
from isocenter.ports.index import IndexReader
from isocenter.ports.journal import Journal
from isocenter.ports.objects import ObjectStore


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    state: Literal["good", "warning", "bad"]
    message: str


@dataclass(frozen=True, slots=True)
class Patient:
    """What the doctor is shown. `index` is absent when it cannot be opened."""

    settings: IngestSettings
    journal: Journal
    objects: ObjectStore
    index: IndexReader | None
    now_ms: int

    @property
    def layout(self) -> Layout:
        """The data folder."""
        return Layout(self.settings.data_folder)
