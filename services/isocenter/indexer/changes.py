"""What a step comes to: the batch for the index, the decisions to write down first, and the studies to recompute."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from isocenter.api.journal.v1 import entries_pb2 as entries
from isocenter.events.entries import EntryKind
from isocenter.indexer.decided import Decision
from isocenter.indexer.instances import Instance, Key, choose
from isocenter.indexer.step import Step
from isocenter.indexer.working import NOT_THERE, Group
from isocenter.ports.index_rows import Claim, IndexBatch, InstanceRow


@dataclass(slots=True)
class Changes:
    """All of it; `visible` holds, per study in which something visible changed, the greatest version that did it."""

    batch: IndexBatch = field(default_factory=IndexBatch)
    decisions: list[Decision] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    visible: dict[str, int] = field(default_factory=dict)
    turned: set[str] = field(default_factory=set)  # studies that came or went

    @property
    def is_empty(self) -> bool:
        """Whether nothing but positions moved."""
        return not self.decisions and self.batch == IndexBatch()


def changes_of(step: Step) -> Changes:
    """Compare what the step worked on with what it was."""
    changes = Changes(decisions=step.notes.decisions, claims=list(step.claims.made.values()))
    for instance in list(step.working.touched.values()):
        step.working.settle(instance)
    members: dict[Key, Instance] = dict(step.working.touched)
    for group in {instance.group for instance in step.working.touched.values()}:
        _choose(step, group, changes)
        for instance in step.working.of_group(group):
            members[instance.key] = instance
    for instance in members.values():
        _row(step, instance, changes)
    batch = changes.batch
    batch.deletions = list(step.working.changed_deletions.values())
    batch.holds = list(step.notes.holds.values())
    batch.quarantines = list(step.notes.quarantines.values())
    batch.corrections = list(step.notes.corrections.values())
    batch.freed_claims = sorted(step.claims.freed)
    return changes


def _row(step: Step, instance: Instance, changes: Changes) -> None:
    before = step.working.before(instance.key)
    made = step.notes.documents.get(instance.key)
    batch = changes.batch
    if instance.forgotten:
        if before is not NOT_THERE:
            batch.purged.append(instance.key)
    elif made is not None:
        batch.instances.append(_with(made, instance))
    elif (tuple(instance.receipts), instance.first[0]) != (before.receipts, before.first_version):
        known = step.index.row(*instance.key)
        if known is not None:
            batch.instances.append(_with(known, instance))
    elif instance.flags != before.flags:
        batch.flags.append(instance.flags)
    _note_visible(step, instance, changes)


def _note_visible(step: Step, instance: Instance, changes: Changes) -> None:
    before = step.working.before(instance.key)
    shown = (instance.is_visible, instance.current)
    if shown == (before.is_visible, before.flags.current) and (
        not instance.is_visible or before.first_version == instance.first[0]
    ):
        return  # the oldest speaks for its series, so its age is visible too
    study = instance.study_instance_uid
    version = step.notes.told_version.get(study, 0)
    if not before.is_visible and not instance.forgotten:
        version = max(version, instance.first[0])
    changes.visible[study] = max(changes.visible.get(study, 0), version)


def _with(row: InstanceRow, instance: Instance) -> InstanceRow:
    version, node = instance.receipts[-1]
    return replace(
        row,
        version=version,
        node=node,
        first_version=instance.first[0],
        receipts=tuple(instance.receipts),
        current=instance.current,
        held=instance.held,
        deleted=instance.deleted,
    )


def _choose(step: Step, group: Group, changes: Changes) -> None:
    """Choose what is shown; write down each choice that a newcomer, or a deletion taken back, made necessary."""
    visible = choose(step.working.of_group(group))
    if len(visible) < 2:  # nothing to choose
        return
    current = next(instance for instance in visible if instance.current)
    newcomers = _newcomers(step, visible)
    previous = _previous(step, visible)
    others = [one for one in visible if one is not current]
    incumbent = others[0] if previous is None or previous is current else previous
    made = [_choice(current, newcomer, incumbent) for newcomer in newcomers]
    if not newcomers and previous is not None and previous is not current:
        made.append(_said(current, previous, current.first[0], "newer_bytes"))
    changes.decisions += [
        Decision(EntryKind.CURRENT_CHOSEN, group[0], choice)
        for choice in made
        if not _is_chosen(step, choice)
    ]


def _is_chosen(step: Step, choice: entries.CurrentChosen) -> bool:
    """Whether it was written down before; in a replay, where the order may differ, as part of whatever choice."""
    if step.mode == "live":
        return step.decided.was_chosen(choice)
    return step.mode == "trusted" or step.decided.met_others(choice)


def _newcomers(step: Step, visible: Sequence[Instance]) -> Sequence[Instance]:
    """Those that were not visible before, whether they came or came back, but for the one the others come to."""
    fresh = [one for one in visible if not step.working.before(one.key).is_visible]
    return fresh if len(fresh) < len(visible) else fresh[1:]


def _previous(step: Step, visible: Sequence[Instance]) -> Instance | None:
    for instance in visible:
        before = step.working.before(instance.key)
        if before.is_visible and before.flags.current:
            return instance
    return None


def _choice(current: Instance, newcomer: Instance, incumbent: Instance) -> entries.CurrentChosen:
    version = newcomer.first[0]
    if newcomer is current:
        return _said(current, incumbent, version, "newer_bytes")
    if newcomer.transfer_syntax_uid == current.transfer_syntax_uid:
        return _said(current, newcomer, version, "newer_bytes")
    return _said(current, newcomer, version, "other_transfer_syntax")


def _said(
    current: Instance, other: Instance, receipt_version: int, reason: str
) -> entries.CurrentChosen:
    return entries.CurrentChosen(
        study_instance_uid=current.study_instance_uid,
        series_instance_uid=current.series_instance_uid,
        sop_instance_uid=current.sop_instance_uid,
        current_digest=current.digest,
        other_digest=other.digest,
        receipt_version=receipt_version,
        reason=reason,
    )
