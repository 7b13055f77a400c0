"""What a series' packs should be, against what they are: pure decisions over index rows and tables of packs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from isocenter.api.renditions.v1 import pack_pb2 as pb
from isocenter.ports.index_rows import InstanceRow
from isocenter.renditions.keys import Kind, pack_key

MAX_INSTANCES = 64  # of one chunk


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack that stands, and its table."""

    key: str
    index: pb.PackIndex


@dataclass(frozen=True, slots=True)
class Wanted:
    """A pack to be made of these rows, in this order."""

    study_instance_uid: str
    series_instance_uid: str
    kind: Kind
    rows: tuple[InstanceRow, ...]

    @property
    def key(self) -> str:
        """Its name."""
        members = map(_member, self.rows)
        return pack_key(self.study_instance_uid, self.series_instance_uid, self.kind, members)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an instance's frames are."""

    pack: Pack
    instance: pb.PackedInstance


Member = tuple[str, str]


def by_series(rows: Iterable[InstanceRow]) -> dict[str, list[InstanceRow]]:
    """Rows with pixels, in their order, by series."""
    found: dict[str, list[InstanceRow]] = {}
    for row in rows:
        if row.pixel_data:
            found.setdefault(row.series_instance_uid, []).append(row)
    return found


def places(packs: Iterable[Pack]) -> dict[Member, Place]:
    """Where each instance is, by SOP Instance UID and digest."""
    return {
        (instance.sop_instance_uid, instance.digest): Place(pack, instance)
        for pack in packs
        for instance in pack.index.instances
    }


def next_pack(
    rows: Sequence[InstanceRow], packs: Sequence[Pack], *, is_complete: bool
) -> Wanted | None:
    """What to make next of one series, None when it is as it should be.

    While it arrives chunks of what no pack has, at most `MAX_INSTANCES` each; once it is complete, and all of it is in
    packs or it is no larger than a chunk, one pack of the whole in the index's order.
    """
    study, series = rows[0].study_instance_uid, rows[0].series_instance_uid
    whole = _whole(rows)
    known = places(packs)
    missing = [row for row in rows if _member(row) not in known]
    if is_complete and (not missing or len(rows) <= MAX_INSTANCES):
        return None if whole.key in {pack.key for pack in packs} else whole
    if missing:
        return Wanted(study, series, "chunk", tuple(missing[:MAX_INSTANCES]))
    return None


def unneeded(rows: Sequence[InstanceRow], packs: Sequence[Pack]) -> list[Pack]:
    """Packs of one series that hold nothing of these rows that another does not hold."""
    if not rows:
        return list(packs)
    whole_key = _whole(rows).key  # a digest of all members
    if whole_key in {pack.key for pack in packs}:
        return [pack for pack in packs if pack.key != whole_key]
    visible = {_member(row) for row in rows}
    return [pack for pack in packs if visible.isdisjoint(places([pack]))]


def _whole(rows: Sequence[InstanceRow]) -> Wanted:
    return Wanted(rows[0].study_instance_uid, rows[0].series_instance_uid, "series", tuple(rows))


def _member(row: InstanceRow) -> Member:
    return row.sop_instance_uid, row.digest
