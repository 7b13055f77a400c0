"""What a series is called: role, sequence, phase, kernel, and a label of them that holds nothing of a description."""

from collections.abc import Sequence
from dataclasses import dataclass

from isocenter.arrangement.geometry import Plane
from isocenter.arrangement.rules import Rule, Told, name_of, rules

IMAGE, LOCALIZER = "image", "localizer"
_UNSAID = frozenset({IMAGE, "object"})
DIFFUSION = frozenset({"DWI", "ADC", "FA"})
MAX_NAMED = 6  # b-values or views in one label

_ROLES, _SEQUENCES, _KERNELS = rules("role"), rules("sequence"), rules("kernel")
_PHASES: dict[str, tuple[Rule, ...]] = {"MR": rules("phase_mr"), "CT": rules("phase_ct")}


@dataclass(frozen=True, slots=True)
class Names:
    """Names out of the tables; empty where nothing is known, or nothing of the kind exists."""

    modality: str
    role: str
    sequence: str
    phase: str
    kernel: str


def names_of(told: Told) -> Names:
    """Name a series by the facts of one of its instances."""
    modality = told.facts.modality
    role = name_of(_ROLES, told) or IMAGE
    if role in (LOCALIZER, "screen save", "dose report"):  # what is in it is not read
        return Names(modality, role, "", "", "")
    return Names(
        modality,
        role,
        name_of(_SEQUENCES, told) if modality == "MR" else "",
        name_of(_PHASES.get(modality, ()), told),
        name_of(_KERNELS, told) if modality == "CT" else "",
    )


def sequence_of(names: Names, b_values: Sequence[float]) -> str:
    """The sequence, diffusion with its b-values."""
    if names.sequence not in DIFFUSION or not b_values:
        return names.sequence
    named = [f"b{value:.0f}" for value in b_values[:MAX_NAMED]]
    return " ".join([names.sequence, *named, *(["..."] if len(b_values) > MAX_NAMED else [])])


def label_of(names: Names, sequence: str, plane: Plane | None, views: Sequence[str]) -> str:
    """A few words for a person, most telling first; `views` are those of projections, in order, as "RMLO"."""
    if names.role == IMAGE and any(views):
        known = list(dict.fromkeys(filter(None, views)))
        more = ["..."] if len(known) > MAX_NAMED else []
        return " ".join([names.modality, *known[:MAX_NAMED], *more])
    kind = " ".join(filter(None, (sequence or names.modality, names.phase)))
    role = "" if names.role in _UNSAID else names.role
    return ", ".join(filter(None, (kind, names.kernel, plane or "", role)))
