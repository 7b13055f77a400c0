"""All chapters."""

from tests.contract.vectors.names import PARTS, SOUNDS
from tests.contract.vectors.sequences import SEQUENCES

CHAPTERS = (PARTS, SEQUENCES, SOUNDS)
