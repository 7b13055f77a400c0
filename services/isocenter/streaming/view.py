"""The one place where an edited study becomes what readers see. Every answer passes it; pixels go through by range.

Study and series documents are corrected when the indexer makes them; here that happens to what is of one instance: its
document and its file. The entity tag of every answer says which corrections it shows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal

from isocenter.corrections.documents import Edited, seen_bytes
from isocenter.corrections.files import corrected_file
from isocenter.runtime.web import Body

Form = Literal["answer", "document", "file", "bulk", "frame", "picture"]


@dataclass(frozen=True, slots=True)
class Viewed:
    """What is looked at: UIDs as received (empty above its level), and what was corrected of it.

    `edit_version` says which corrections that are, 0 for none; `edited` what they changed in this instance.
    """

    study_instance_uid: str
    series_instance_uid: str = ""
    sop_instance_uid: str = ""
    digest: str = ""
    edit_version: int = 0
    edited: Edited | None = field(default=None, compare=False)


def view(of: Viewed, form: Form, pieces: Sequence[Body]) -> Sequence[Body]:
    """Content as it is to be seen, whatever its form.

    A "document" is as the index has it, a "file" a whole Part 10 file in any transfer syntax; each is one piece.
    Raises NotAcceptable for a file that cannot be written so.
    """
    if of.edited is None or not of.edited.changes:
        return pieces
    if form == "document":
        return [seen_bytes(bytes(piece), of.edited) for piece in pieces]
    if form == "file":
        return [part for piece in pieces for part in corrected_file(memoryview(piece), of.edited)]
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
