"""The limit that keeps a bad deployment from emptying a queue into the dead letters."""

from collections import deque

from isocenter.errors import PermanentError


class TooManyDeadLetters(PermanentError):
    """A consumer put too large a share of what it saw into the dead letters and stopped."""

    reason = "TOO_MANY_DEAD_LETTERS"


class DeadLetterLimit:
    """At most `limit` dead letters among the last `window` events."""

    def __init__(self, limit: int = 20, window: int = 200) -> None:
        self._limit = limit
        self._last: deque[bool] = deque(maxlen=window)

    def saw(self, *, dead: bool) -> None:
        """Count an event's ending; raises TooManyDeadLetters when the limit is passed."""
        self._last.append(dead)
        if dead and sum(self._last) > self._limit:
            raise TooManyDeadLetters("the consumer stops; its events stay in the stream")
