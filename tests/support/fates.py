"""What may survive a power cut: the two extremes, and chance."""

from random import Random


class NothingSurvives:
    def keeps(self) -> bool:
        return False

    def tears_at(self, size: int) -> int:
        del size
        return 0


class NamesSurvive:
    """Every change of a name arrived and every write was torn: what a journaling file system likes to leave."""

    def keeps(self) -> bool:
        return True

    def tears_at(self, size: int) -> int:
        return size // 2


class EverythingSurvives:
    def keeps(self) -> bool:
        return True

    def tears_at(self, size: int) -> int:
        return size


class Chance:
    def __init__(self, random: Random) -> None:
        self._random = random

    def keeps(self) -> bool:
        return self._random.random() < 0.5

    def tears_at(self, size: int) -> int:
        return size if self._random.random() < 0.6 else self._random.randint(0, size)
