"""How long a peer has kept us waiting: ARTIM, silence, a floor under the rate of a message. No clock of its own."""

from isocenter.dimse.faults import ArtimExpired, PeerIdle, PeerTooSlow
from isocenter.dimse.limits import Patience


class Watch:
    """Counts waiting, not wall time, so that a slow disk of ours is never the peer's fault.

    The rate is looked at per window and not over the whole message: a quick start buys no slow end.
    """

    __slots__ = ("_artim_s", "_patience", "_silent_s", "_window_bytes", "_window_s")

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._artim_s: float | None = None
        self._silent_s = 0.0
        self._window_s = 0.0
        self._window_bytes = 0

    def start_artim(self) -> None:
        """Start or restart ARTIM."""
        self._artim_s = self._patience.artim_s

    def stop_artim(self) -> None:
        """Stop ARTIM."""
        self._artim_s = None

    def waited(self, waited_s: float, received_bytes: int, *, between_messages: bool) -> None:
        """Account for one wait.

        Raises:
            ArtimExpired: ARTIM is running and its time is over.
            PeerIdle: nothing came for `idle_s`.
            PeerTooSlow: a whole window of a message brought less than the floor.
        """
        if self._artim_s is not None:
            self._artim_s -= waited_s
            if self._artim_s <= 0:
                raise ArtimExpired
        self._silent_s = 0.0 if received_bytes else self._silent_s + waited_s
        if self._silent_s >= self._patience.idle_s:
            raise PeerIdle
        if between_messages:
            self._window_s, self._window_bytes = 0.0, 0
        else:
            self._in_message(waited_s, received_bytes)

    def _in_message(self, waited_s: float, received_bytes: int) -> None:
        self._window_s += waited_s
        self._window_bytes += received_bytes
        if self._window_s < self._patience.window_s:
            return
        if self._window_bytes < self._patience.min_bytes_per_s * self._window_s:
            raise PeerTooSlow
        self._window_s, self._window_bytes = 0.0, 0
