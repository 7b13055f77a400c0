"""What the environment says about the transcoder."""

from typing import Annotated, ClassVar

from pydantic import Field

from isocenter.runtime.nodes import Nodes
from isocenter.runtime.settings import ServiceSettings

MIB = 1 << 20
Positive = Annotated[int, Field(gt=0)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]


class TranscoderSettings(ServiceSettings):
    """`ISOCENTER_TRANSCODER_...`."""

    service: ClassVar[str] = "transcoder"

    indexer_nodes: Nodes = "indexer"  # with commas between; whose completions the sweep reads
    codec_processes: Positive = 2
    codec_memory_bytes: Positive = 2048 * MIB
    codec_cpu_s: Positive = 60
    codec_timeout_s: Seconds = 120.0
    max_decoded_bytes: Positive = 512 * MIB  # of one frame; larger ones stay as stored
    arriving_pause_s: Seconds = 2.0  # between two packs of one study that is still arriving
    patience_s: Annotated[float, Field(ge=0, le=3600)] = (
        5.0  # a pack waits for a machine that is not busy
    )
    sweep_s: Seconds = 60.0
    keep_days: Annotated[int, Field(ge=0)] = 0  # after a study's last change; 0: for ever
    # room that has to be left; below it nothing is made, for receiving needs it
    min_free_bytes: Annotated[int, Field(ge=0)] = 8 << 30
