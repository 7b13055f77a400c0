"""One generation of the index as its readers and its writer see it: a server, and the names of its indices."""

from dataclasses import dataclass, field

from isocenter.adapters.index.opensearch.names import KINDS, Kind, index_name
from isocenter.adapters.index.opensearch.server import Server

WRITES_SHIFT = 22


@dataclass(frozen=True, slots=True)
class Generation:
    """A generation, told by its name; `created_ms` is the server's time when it was made."""

    server: Server = field(compare=False)
    prefix: str
    name: str
    created_ms: int = field(compare=False)

    def index(self, kind: Kind) -> str:
        """Name of one of its indices."""
        return index_name(self.prefix, kind, self.name)

    @property
    def everything(self) -> str:
        """All of its indices."""
        return ",".join(map(self.index, KINDS))

    def number(self, writes: int) -> int:
        """What rises with every write and every swap; 63 bits."""
        return (self.created_ms << WRITES_SHIFT) + writes


def serving(server: Server, prefix: str) -> Generation | None:
    """The generation the alias names, when all its indices are there."""
    found = server.behind_alias(prefix)
    names = {index.rpartition(".")[2] for index in found}
    if len(names) != 1:
        return None
    made = Generation(server, prefix, names.pop(), max(found.values()))
    return made if set(found) == set(map(made.index, KINDS)) else None
