"""Reading ahead: frames that lie one after the other in an object are read by one request, not by one each."""

from collections import OrderedDict
from threading import Lock

from isocenter.ports.objects import ObjectStore

AHEAD_BYTES = 4 << 20
MAX_WINDOWS = 4  # objects read at a time


class Windows:
    """The last piece read of a few objects; safe to call from many threads."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._lock = Lock()
        self._pieces: OrderedDict[str, tuple[int, bytes]] = OrderedDict()

    def read(self, key: str, start: int, end: int) -> bytes:
        """As `ObjectStore.read`, which raises NotFound; what follows is read at once."""
        with self._lock:  # who wants the neighbour waits for this request instead of making another
            place, piece = self._pieces.get(key, (end + 1, b""))
            if not place <= start <= end <= place + len(piece):
                place, piece = start, self._objects.read(key, start, max(end, start + AHEAD_BYTES))
                self._pieces[key] = (place, piece)
            self._pieces.move_to_end(key)
            while len(self._pieces) > MAX_WINDOWS:
                self._pieces.popitem(last=False)
            return piece[start - place : end - place]

    def forget(self, key: str) -> None:
        """Read it anew the next time."""
        with self._lock:
            self._pieces.pop(key, None)
