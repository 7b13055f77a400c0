"""Settings of the indexer."""

from typing import Annotated, ClassVar

from pydantic import Field

from isocenter.runtime.settings import ServiceSettings

Seconds = Annotated[float, Field(gt=0, le=86_400)]


class IndexerSettings(ServiceSettings):
    """`ISOCENTER_INDEXER_...`. `settle_by_modality` is JSON, as `{"US": 300}`; the longest in a study counts."""

    service: ClassVar[str] = "indexer"

    settle_s: Seconds = 60.0
    settle_by_modality: Annotated[dict[str, Seconds], Field(default_factory=dict)]
    default_issuer: Annotated[str, Field(max_length=64)] = ""  # of patient ids that name none
    sweep_s: Seconds = 1.0
    recompute_s: Seconds = 0.25  # between two looks at one study that keeps changing

    def settle_ms(self, modalities: list[str]) -> int:
        """How long a study with these modalities has to be quiet, milliseconds."""
        known = [
            self.settle_by_modality[one] for one in modalities if one in self.settle_by_modality
        ]
        return int(max(known, default=self.settle_s) * 1000)

    @property
    def shortest_settle_ms(self) -> int:
        """No study is complete sooner."""
        return int(min([self.settle_s, *self.settle_by_modality.values()]) * 1000)
