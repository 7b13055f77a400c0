"""What one step of the indexer works on: the rows its entries speak of, as they are and as they become."""

from collections.abc import Iterable
from dataclasses import dataclass

from isocenter.indexer.instances import Instance, Key, Receipted, covers, instance_of, settle
from isocenter.ports.index import MetadataIndex
from isocenter.ports.index_rows import DeletionRow, Flags, HoldRow, InstanceState

Group = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Before:
    """How a row was when the step began."""

    is_visible: bool
    flags: Flags
    receipts: tuple[Receipted, ...]
    first_version: int


NOT_THERE = Before(False, Flags("", "", False, False, False), (), 0)


class Working:
    """Rows by key, group and study, loaded in bulk; what is in a study loaded whole is all there is."""

    def __init__(self, index: MetadataIndex) -> None:
        self._index = index
        self._by_key: dict[Key, Instance] = {}
        self._by_group: dict[Group, dict[Key, Instance]] = {}
        self._by_study: dict[str, dict[Key, Instance]] = {}
        self._before: dict[Key, Before] = {}
        self._deletions: dict[str, dict[str, DeletionRow]] = {}
        self.whole: set[str] = set()
        self.touched: dict[Key, Instance] = {}
        self.changed_deletions: dict[str, DeletionRow] = {}

    def load(self, sops: Iterable[str], studies: set[str], whole: set[str]) -> None:
        """Fetch what a step may need; `whole` studies with all their rows."""
        for study, rows in self._index.deletions_of(studies | whole).items():
            self._deletions[study] = {row.deletion_id: row for row in rows}
        for states in self._index.known(sops).values():
            for state in states:
                self._take(state)
        for study in whole:
            for state in self._index.states(study):
                self._take(state)
        self.whole |= whole

    def get(self, key: Key) -> Instance | None:
        """The row of these bytes."""
        return self._by_key.get(key)

    def before(self, key: Key) -> Before:
        """How it was."""
        return self._before.get(key, NOT_THERE)

    def of_study(self, study: str) -> list[Instance]:
        """Rows of a study, as far as loaded."""
        return list(self._by_study.get(study, {}).values())

    def of_group(self, group: Group) -> list[Instance]:
        """Rows among which one is shown, all of them."""
        return list(self._by_group.get(group, {}).values())

    def add(self, instance: Instance) -> None:
        """Take a row in."""
        self._by_key[instance.key] = instance
        self._by_group.setdefault(instance.group, {})[instance.key] = instance
        self._by_study.setdefault(instance.study_instance_uid, {})[instance.key] = instance

    def touch(self, instance: Instance) -> None:
        """Something about it may change."""
        self.touched[instance.key] = instance

    def forget(self, instance: Instance) -> None:
        """It is purged: the same bytes, when they come again, are new."""
        self.touched[instance.key] = instance
        self._by_key.pop(instance.key, None)
        self._by_group.get(instance.group, {}).pop(instance.key, None)
        self._by_study.get(instance.study_instance_uid, {}).pop(instance.key, None)

    def deletion(self, study: str, deletion_id: str) -> DeletionRow | None:
        """A deletion in any state."""
        known = self._deletions.get(study, {}).get(deletion_id)
        return known or self.changed_deletions.get(deletion_id) or self._index.deletion(deletion_id)

    def set_deletion(self, row: DeletionRow) -> list[Instance]:
        """Put a deletion in force or out of it; return the rows it speaks of."""
        self._deletions.setdefault(row.study_instance_uid, {})[row.deletion_id] = row
        self.changed_deletions[row.deletion_id] = row
        covered = [
            instance for instance in self.of_study(row.study_instance_uid) if covers(row, instance)
        ]
        for instance in covered:
            self.touch(instance)
        return covered

    def settle(self, instance: Instance) -> None:
        """Apply the study's deletions."""
        settle(instance, self._deletions.get(instance.study_instance_uid, {}).values())

    def deletions_of(self, study: str) -> list[DeletionRow]:
        """Deletions of a study, those taken back in this step included."""
        return list(self._deletions.get(study, {}).values())

    def deleted_at(self, study: str) -> int:
        """Greatest version of a deletion in force in the study."""
        rows = self._deletions.get(study, {}).values()
        return max((row.version for row in rows if row.state != "undeleted"), default=0)

    def _take(self, state: InstanceState) -> None:
        if (state.sop_instance_uid, state.digest) in self._by_key:
            return
        instance = instance_of(state)
        if state.held:
            instance.dropped_version = self._dropped_version(instance)
        self._before[instance.key] = Before(
            instance.is_visible, instance.flags, tuple(instance.receipts), state.first_version
        )
        self.add(instance)

    def _dropped_version(self, instance: Instance) -> int:
        """Version of the drop when no hold of it is open any more."""
        holds = [self._index.hold(hold_id(instance.digest, v)) for v, _ in instance.receipts]
        known: list[HoldRow] = [hold for hold in holds if hold is not None]
        if not known or any(hold.state == "held" for hold in known):
            return 0
        return max(hold.handled_version for hold in known if hold.state == "dropped") or 1


def hold_id(digest: str, receipt_version: int) -> str:
    """Name of a hold."""
    return f"{digest[:32]}-{receipt_version}"
