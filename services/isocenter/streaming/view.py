"""The one place where an edited study becomes what readers see. Every answer passes it; pixels go through by range.

Edits do not exist yet, so everything passes unchanged; what is fixed here is that nothing goes round it and that the
entity tag of every answer holds the version of the edit it shows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from isocenter.runtime.web import Body

Form = Literal["answer", "document", "file", "bulk", "frame", "picture"]


@dataclass(frozen=True, slots=True)
class Viewed:
    """What is looked at: UIDs as received (empty above its level) and the version of the edit that applies."""

    study_instance_uid: str
    series_instance_uid: str = ""
    sop_instance_uid: str = ""
    digest: str = ""
    edit_version: int = 0


def view(of: Viewed, form: Form, pieces: Sequence[Body]) -> Sequence[Body]:
    """Content as it is to be seen, whatever its form."""
    del of, form
    return pieces


def entity_tag(of: Viewed, variant: str = "") -> str:
    """Strong entity tag of one instance: its digest, the edit's version, then what else makes the bytes."""
    return f'"{of.digest[:32]}-{of.edit_version:x}{f"-{variant}" if variant else ""}"'


def entity_tag_of_many(instances: Sequence[Viewed], variant: str = "") -> str:
    """Strong entity tag of content made of several instances in this order."""
    digest = sha256(variant.encode())
    for one in instances:
        digest.update(f"{one.sop_instance_uid} {one.digest} {one.edit_version}\n".encode())
    return f'"{digest.hexdigest()[:40]}"'
