"""Who may carry a UID: the first that came, and whom a person let in beside it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from isocenter.indexer.patients import folded
from isocenter.ports.index_rows import Claim

Look = Callable[[Iterable[str]], dict[str, str]]


@dataclass(frozen=True, slots=True)
class Identity:
    """Of what the claims of an instance are made; the UIDs as received."""

    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    patient: str

    @property
    def owner_of_instance(self) -> str:
        """Owner of the SOP Instance UID."""
        return f"{self.study_instance_uid}/{self.series_instance_uid}/{folded(self.patient)}"

    @property
    def owner_of_study(self) -> str:
        """Owner of the study UID; empty for nobody, which is an identity like any other and agrees only with itself."""
        return folded(self.patient)

    @property
    def subjects(self) -> tuple[str, str]:
        """What it claims: the instance, the study."""
        return instance_subject(self.sop_instance_uid), study_subject(self.study_instance_uid)


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Why an instance has to wait: the reason as in the journal's Hold, and who stands in its way."""

    reason: str
    standing_study_instance_uid: str
    standing_series_instance_uid: str = ""


def instance_subject(sop_instance_uid: str) -> str:
    """Subject of the claim of an instance."""
    return f"sop:{sop_instance_uid}"


def study_subject(study_instance_uid: str) -> str:
    """Subject of the claim of a study."""
    return f"study:{study_instance_uid}"


def _beside(subject: str, owner: str) -> str:
    """Subject of the claim that lets somebody in beside the owner, by a person's decision."""
    return f"{subject}~{owner}"


class Claims:
    """The claims as one step sees them: those that stand, and those it makes and frees."""

    def __init__(self, standing: dict[str, str], look: Look) -> None:
        self._standing = standing
        self._look = look
        self.made: dict[str, Claim] = {}
        self.freed: set[str] = set()

    def enter(self, identity: Identity) -> Contradiction | None:
        """Claim what the instance needs, all or nothing; say what contradicts it otherwise."""
        of_instance, of_study = identity.subjects
        owner = self._standing.get(of_instance)
        if self._is_refused(of_instance, owner, identity.owner_of_instance):
            assert owner is not None  # noqa: S101  (nobody refuses)
            return _of_instance(owner, identity)
        if self._is_refused(of_study, self._standing.get(of_study), identity.owner_of_study):
            return Contradiction("study_under_other_patient", identity.study_instance_uid)
        self._make(of_instance, identity.owner_of_instance, identity)
        self._make(of_study, identity.owner_of_study, identity)
        return None

    def let_in(self, identity: Identity, *, beside_only: bool = False) -> None:
        """A person released it: it and its like are welcome from now on.

        It takes the place of an owner only where there is none; with `beside_only`, in a replay, the owner may be
        still to come.
        """
        owners = (identity.owner_of_instance, identity.owner_of_study)
        for subject, owner in zip(identity.subjects, owners, strict=True):
            if subject not in self._standing and subject not in self.freed:
                self._standing.update(self._look([subject]))
            stands = self._standing.get(subject, owner) == owner
            first = stands and not beside_only
            self._make(subject if first else _beside(subject, owner), owner, identity)

    def free(self, subjects: Iterable[str]) -> None:
        """Nothing of these is left."""
        for subject in subjects:
            self._standing.pop(subject, None)
            self.made.pop(subject, None)
            self.freed.add(subject)

    def _is_refused(self, subject: str, owner: str | None, mine: str) -> bool:
        if owner is None or owner == mine:
            return False
        beside = _beside(subject, mine)
        return beside not in self._standing and not self._look([beside])

    def _make(self, subject: str, owner: str, identity: Identity) -> None:
        if subject not in self._standing:
            self._standing[subject] = owner
            self.made[subject] = Claim(subject, owner, identity.study_instance_uid)


def _of_instance(owner: str, identity: Identity) -> Contradiction:
    study, series, _ = owner.split("/", 2)
    if study != identity.study_instance_uid:
        reason = "instance_under_other_study"
    elif series != identity.series_instance_uid:
        reason = "instance_under_other_series"
    else:
        reason = "instance_under_other_patient"
    return Contradiction(reason, study, series)
