"""What was found out about a store."""

from dataclasses import dataclass
from typing import ClassVar

from isocenter.errors import PermanentError


class UnfitStore(PermanentError):
    """The store does not do what it says; `lies` names each way. Nothing may be entrusted to it."""

    reason: ClassVar[str] = "UNFIT_STORE"

    def __init__(self, lies: tuple[str, ...]) -> None:
        super().__init__(f"the object store cannot be trusted: it {', '.join(lies)}")
        self.lies = lies


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a store can do beyond what it has to; `warnings` are sentences for whoever runs it."""

    conditional_put: bool
    """Of many that write a new key at once with `If-None-Match: *`, exactly one succeeds."""
    verified_payload: bool
    """Bytes that are not those of the signed hash are refused, and not kept."""
    verified_checksum: bool
    """The same of `x-amz-checksum-sha256`."""
    versioning: bool | None
    """Deleted and replaced bytes stay as old versions. None: we may not ask."""
    warnings: tuple[str, ...] = ()
