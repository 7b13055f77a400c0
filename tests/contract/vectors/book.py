"""All chapters."""

from tests.contract.vectors.names import PARTS, SOUNDS
from tests.contract.vectors.sequences import SEQUENCES
from tests.contract.vectors.words import WORDS

CHAPTERS = (PARTS, SEQUENCES, SOUNDS, WORDS)
