"""What a process needs to write down what it does; composition hands in how a journal is opened."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

from isocenter.ports.clock import Clock
from isocenter.ports.journal import AUDIT, Journal, JournalWriter
from isocenter.runtime.audit import Auditor
from isocenter.runtime.clock import HybridClock
from isocenter.runtime.lasting import LastingWriter
from isocenter.runtime.settings import ServiceSettings


@dataclass(frozen=True, slots=True)
class Recording:
    """The journal, this process's own stream in it, and its auditor; the clock is ahead of all.

    Audit entries go into a stream of their own: every read of an image makes some, and what follows the journal to
    know of images need not wade through them.
    """

    clock: Clock
    journal: Journal
    writer: JournalWriter
    auditor: Auditor


def start_recording(
    open_journal: Callable[..., Journal], settings: ServiceSettings, stack: AsyncExitStack
) -> Recording:
    """Open the journal of `settings`; what waits in the auditor is written when the stack closes, within the grace."""
    clock = HybridClock()
    journal = open_journal(settings.journal_url, clock, **settings.objects_access)
    clock.observe(journal.latest_version())
    writer = LastingWriter(journal, settings.node)
    stack.callback(writer.close)
    audit_writer = LastingWriter(journal, settings.node + AUDIT)
    stack.callback(audit_writer.close)
    auditor = Auditor(audit_writer, clock)
    stack.callback(auditor.close, settings.grace_s)
    return Recording(clock, journal, writer, auditor)
