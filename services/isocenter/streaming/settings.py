"""What the environment says about streaming."""

from typing import Annotated, ClassVar

from pydantic import Field

from isocenter.runtime.nodes import Nodes
from isocenter.runtime.settings import ServiceSettings

MIB = 1 << 20
Positive = Annotated[int, Field(gt=0)]


class StreamingSettings(ServiceSettings):
    """Bounds of caches, answers and decoding; all of them per process."""

    service: ClassVar[str] = "streaming"

    public_url: str = ""  # what clients see, without /dicom-web; empty: from each request's headers
    indexer_nodes: Nodes = "indexer"  # with commas between; asked to decide about held instances
    transcoder_nodes: Nodes = "transcoder"  # asked to make what is read first
    max_results: Positive = 5_000  # of one search answer
    max_open_objects: Positive = 512
    # kept mapped between requests: page cache, not memory of its own
    max_mapped_bytes: Positive = 192 * MIB
    object_cache_bytes: Positive = 2048 * MIB  # on local disk, of a store on a server
    metadata_cache_bytes: Positive = 32 * MIB
    pack_table_cache_bytes: Positive = 64 * MIB
    arrangement_cache_bytes: Positive = 8 * MIB
    picture_cache_bytes: Positive = 16 * MIB
    frame_cache_bytes: Positive = 32 * MIB  # decoded frames
    codec_processes: Positive = 1
    codec_memory_bytes: Positive = 2048 * MIB
    codec_cpu_s: Positive = 30
    codec_timeout_s: Annotated[float, Field(gt=0)] = 60.0
    max_decoded_bytes: Positive = 512 * MIB  # of one decoded frame, or of a whole object on request
