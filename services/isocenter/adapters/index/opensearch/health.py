"""Whether the shards of a generation can be read, or never will be again."""

from isocenter.adapters.index.opensearch.administration import Administration
from isocenter.adapters.index.opensearch.generation import Generation
from isocenter.errors import Corrupted, Unavailable

LOOK_AFTER_S, GIVE_UP_AFTER_S = 2, 8


def check_readable(generation: Generation) -> None:
    """Wait a little for all primary shards.

    Raises Corrupted when one was found and cannot be read, Unavailable when it may still come: the node that has it
    may be away. Whoever knows that it never comes removes the index, and it is rebuilt.
    """
    cluster = Administration(generation.server)
    if cluster.is_healthy(generation.everything, LOOK_AFTER_S):
        return
    if any(cluster.damaged_primaries(generation.everything)):
        raise Corrupted("a part of the index cannot be read; rebuild it")
    if not cluster.is_healthy(generation.everything, GIVE_UP_AFTER_S):
        raise Unavailable("a part of the index is on no node that is here", retry_after_s=1.0)
