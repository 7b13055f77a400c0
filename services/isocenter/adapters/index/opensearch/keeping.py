"""Keeps a lease while its holder is at something else: a journal whose store hangs, a rebuild that takes hours.

A holder that waits is still the holder; were the lease to lapse meanwhile, what it waits for would be decided twice.
A process that is halted or dead keeps nothing.
"""

import threading

from isocenter.adapters.index.opensearch import lease
from isocenter.errors import IsocenterError


class Keeping:
    """A thread that renews one lease in time, until it is stopped or the lease is lost."""

    def __init__(self, held: lease.Lease) -> None:
        self._held = held
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="index lease", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Return when it renews no more."""
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(lease.RENEW_S) and not self._held.is_lost:
            try:
                self._held.renew()
            except IsocenterError:
                continue  # whoever writes next hears of it
