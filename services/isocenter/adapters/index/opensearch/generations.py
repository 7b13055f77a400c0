"""The index as a whole: generations made from templates, and the alias that says which of them serves."""

import secrets

from isocenter.adapters.index.opensearch.administration import Administration
from isocenter.adapters.index.opensearch.faults import Gone
from isocenter.adapters.index.opensearch.generation import Generation, serving
from isocenter.adapters.index.opensearch.health import check_readable
from isocenter.adapters.index.opensearch.lease import NOBODY, Lease, Waiting
from isocenter.adapters.index.opensearch.names import (
    KINDS,
    STATE,
    checked_prefix,
    index_name,
    writing_alias,
)
from isocenter.adapters.index.opensearch.schema import SCHEMA_VERSION, template
from isocenter.adapters.index.opensearch.server import Access, Server
from isocenter.adapters.index.opensearch.writer import OpenSearchIndex
from isocenter.errors import Unavailable
from isocenter.ports.index import MetadataIndex


class OpenSearchGenerations:
    """IndexGenerations under a prefix.

    `holder` names the process for the lease; two processes never have the same name at one time. A name of its own is
    made up without one, and then who comes after a crash waits for the lease to lapse. With `keeps` the lease of an
    index that is open does not lapse while the process lives, whatever it waits for.
    """

    def __init__(
        self,
        access: Access,
        prefix: str,
        *,
        holder: str = "",
        shards: int = 1,
        keeps: bool = False,
    ) -> None:
        self._server = Server(access)
        self._cluster = Administration(self._server)
        self._prefix = checked_prefix(prefix)
        self._holder = holder or secrets.token_hex(8)
        self._shards = shards
        self._keeps = keeps
        self._waiting = Waiting()

    def prepare(self) -> None:
        """Put the templates that indices are made from; may be repeated, and changes no index that is there."""
        for kind in KINDS:
            self._cluster.put_template(
                f"{self._prefix}.{kind}", template(self._prefix, kind, self._shards)
            )

    def open(self) -> OpenSearchIndex:
        """Open the serving generation; an empty one is made when there is none, not all of it, or of another version.

        Raises Corrupted when it cannot be read, Unavailable while another process holds the lease.
        """
        found = serving(self._server, self._prefix)
        if found is None or self._is_outdated(found):
            found = self._first(instead_of=found)
        return self._opened(found)

    def create(self) -> OpenSearchIndex:
        """Start an empty generation beside the serving one; unfinished ones that nobody fills any more go."""
        found = serving(self._server, self._prefix)
        self._drop_others(found)
        return self._opened(self._make())

    def swap(self, index: MetadataIndex) -> None:
        """Let the created generation serve, and drop the other, in one step of the cluster.

        Raises Unavailable when another process writes the serving one.
        """
        created = _ours(index).opened
        found = serving(self._server, self._prefix)
        if found is not None and found != created:
            self._check_mine(found)
        self._point_to(created)

    def serves(self, index: MetadataIndex) -> bool:
        """Tell whether the alias names it, all its indices are there, and nobody else writes it now."""
        ours = _ours(index)
        return not ours.is_lost and serving(self._server, self._prefix) == ours.opened

    def _is_outdated(self, found: Generation) -> bool:
        check_readable(found)
        if self._cluster.schema_version(found.index("ledger")) == SCHEMA_VERSION:
            return False
        self._check_mine(found)
        return True

    def _first(self, instead_of: Generation | None) -> Generation:
        """Make an empty generation and let it serve; or take the one that another process made meanwhile."""
        made = self._make()
        there = serving(self._server, self._prefix)
        if there is None or there == instead_of:
            self._point_to(made)
            return made
        self._cluster.drop([made.index(kind) for kind in KINDS])
        return there

    def _opened(self, generation: Generation) -> OpenSearchIndex:
        lease = Lease(generation, self._holder)
        lease.acquire(self._waiting)
        return OpenSearchIndex(generation, lease, keeps=self._keeps)

    def _make(self) -> Generation:
        """Make the indices of a generation; the writing aliases go with them."""
        name = secrets.token_hex(8)
        self.prepare()
        for kind in KINDS:
            index = index_name(self._prefix, kind, name)
            self._cluster.create_index(index, writing_alias(index))
        created = self._server.behind_alias(index_name(self._prefix, "ledger", name))
        return Generation(self._server, self._prefix, name, max(created.values()))

    def _point_to(self, generation: Generation) -> None:
        """Point the alias, and remove what it named before: no reader sees both, or neither."""
        mine = [generation.index(kind) for kind in KINDS]
        before = [one for one in self._server.behind_alias(self._prefix) if one not in mine]
        self._cluster.update_aliases(
            [
                *({"add": {"index": index, "alias": self._prefix}} for index in mine),
                *({"remove_index": {"index": index}} for index in before),
            ]
        )

    def _drop_others(self, found: Generation | None) -> None:
        """Remove unfinished generations, except one that another process is filling now."""
        names = self._cluster.names([index_name(self._prefix, kind, "*") for kind in KINDS])
        for name in {index.rpartition(".")[2] for index in names}:
            generation = Generation(self._server, self._prefix, name, 0)
            if (found is None or name != found.name) and self._is_abandoned(generation):
                mine = [index for index in names if index.endswith(f".{name}")]
                self._cluster.drop(mine)

    def _is_abandoned(self, generation: Generation) -> bool:
        try:
            state = self._server.get(generation.index("ledger"), STATE)
        except Gone:
            return True
        if state is None or state.source["holder"] in {NOBODY, self._holder}:
            return True
        return self._waiting.has_lapsed(generation, state)

    def _check_mine(self, generation: Generation) -> None:
        try:
            state = self._server.get(generation.index("ledger"), STATE)
        except Gone:
            return  # it cannot be read, so nobody writes it
        if state is not None and state.source["holder"] not in {NOBODY, self._holder}:
            raise Unavailable("somebody else writes this index", retry_after_s=1.0)


def _ours(index: MetadataIndex) -> OpenSearchIndex:
    if not isinstance(index, OpenSearchIndex):
        raise TypeError("an index of another adapter")
    return index
