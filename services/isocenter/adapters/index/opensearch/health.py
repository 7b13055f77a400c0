"""Whether the shards of a generation can be read, or never will be again."""

from isocenter.adapters.index.opensearch.administration import Administration
from isocenter.adapters.index.opensearch.generation import Generation
from isocenter.errors import Corrupted, Unavailable

WAIT_S = 10


def check_readable(generation: Generation) -> None:
    """Wait a little for all primary shards.

    Raises Corrupted when one has no copy that can be read, Unavailable when it may still come.
    """
    cluster = Administration(generation.server)
    if cluster.is_healthy(generation.everything, WAIT_S):
        return
    if any(cluster.lost_primaries(generation.everything)):
        raise Corrupted("a part of the index cannot be read; rebuild it")
    raise Unavailable("a part of the index is not there yet", retry_after_s=1.0)
