"""Wait, in a thread, for something to become true, with a deadline instead of a sleep."""

import time
from collections.abc import Callable


def poll(true: Callable[[], bool], within_s: float = 10.0, every_s: float = 0.002) -> None:
    deadline = time.monotonic() + within_s
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError("it never became true")
        time.sleep(every_s)
