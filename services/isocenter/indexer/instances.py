"""One received data set as decisions see it, and which of several is shown. Pure: the same facts in any order agree."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from isocenter.ports.index_rows import DeletionRow, Flags, InstanceState

Receipted = tuple[int, str]  # version, node
Key = tuple[str, str]  # sop_instance_uid, digest


@dataclass(slots=True)
class Instance:
    """A row in the making: its receipts are what was told, `hidden` to `first` follow from them by `settle`."""

    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    digest: str
    transfer_syntax_uid: str
    patient: str
    receipts: list[Receipted] = field(default_factory=list)  # ascending
    held: bool = False
    dropped_version: int = 0  # of the decision to drop it; only a later receipt says something new
    deleted: bool = False
    current: bool = False
    forgotten: bool = False  # purged: no receipt is left
    first: Receipted = (0, "")  # of the first receipt since the last deletion

    @property
    def key(self) -> Key:
        """What makes it this row."""
        return self.sop_instance_uid, self.digest

    @property
    def group(self) -> tuple[str, str, str]:
        """Those among which one is shown."""
        return self.study_instance_uid, self.series_instance_uid, self.sop_instance_uid

    @property
    def is_visible(self) -> bool:
        """Neither held nor deleted; among those of a group one is current."""
        return not (self.held or self.deleted or self.forgotten)

    @property
    def flags(self) -> Flags:
        """What of it is shown."""
        return Flags(*self.key, self.current, self.held, self.deleted)

    def add(self, receipt: Receipted) -> bool:
        """Learn of a receipt; False when it was known."""
        if receipt in self.receipts:
            return False
        self.receipts.append(receipt)
        self.receipts.sort()
        return True


def instance_of(state: InstanceState) -> Instance:
    """The row that is in the index."""
    return Instance(
        state.study_instance_uid,
        state.series_instance_uid,
        state.sop_instance_uid,
        state.digest,
        state.transfer_syntax_uid,
        state.patient,
        list(state.receipts) or [(state.version, state.node)],
        held=state.held,
        deleted=state.deleted,
        current=state.current,
        first=(state.first_version, state.node),
    )


def covers(deletion: DeletionRow, instance: Instance) -> bool:
    """Whether the instance is part of what was deleted; when it came is another question."""
    return (
        deletion.study_instance_uid == instance.study_instance_uid
        and deletion.series_instance_uid in {"", instance.series_instance_uid}
        and deletion.sop_instance_uid in {"", instance.sop_instance_uid}
    )


def settle(instance: Instance, deletions: Iterable[DeletionRow]) -> None:
    """Work out what follows from the receipts and the deletions of the study.

    Receipts older than a purged deletion never were; those older than one in force are hidden; one that came later
    says something new.
    """
    purged = hidden = 0
    for deletion in deletions:
        if deletion.state == "undeleted" or not covers(deletion, instance):
            continue
        hidden = max(hidden, deletion.version)
        if deletion.state == "purged":
            purged = max(purged, deletion.version)
    if purged:
        instance.receipts = [receipt for receipt in instance.receipts if receipt[0] >= purged]
    instance.forgotten = not instance.receipts
    if instance.forgotten:
        instance.current, instance.deleted = False, True
        return
    living = next((receipt for receipt in instance.receipts if receipt[0] >= hidden), None)
    instance.first = living or instance.receipts[0]
    instance.deleted = living is None or instance.dropped_version > 0


def choose(group: Iterable[Instance]) -> Sequence[Instance]:
    """Mark one of the visible data sets of a SOP instance as current; return the visible ones, oldest first.

    A newer one takes over, unless it has another transfer syntax: then it may be the same image, and until its samples
    are proven equal the first stays.
    """
    visible: list[Instance] = []
    for instance in group:
        instance.current = False
        if instance.is_visible:
            visible.append(instance)
    if not visible:
        return visible
    visible.sort(key=lambda instance: (instance.first, instance.digest))
    current = visible[0]
    for newer in visible[1:]:
        if newer.transfer_syntax_uid == current.transfer_syntax_uid:
            current = newer
    current.current = True
    return visible
