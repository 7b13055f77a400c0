"""Journal as objects: every commit is an immutable object of its own; small ones are merged later."""

from isocenter.adapters.journal.objects.journal import ObjectJournal
from isocenter.adapters.journal.objects.pace import Pace

__all__ = ["ObjectJournal", "Pace"]
