"""All chapters."""

from tests.contract.vectors.levels import LEVELS
from tests.contract.vectors.names import PARTS, SOUNDS
from tests.contract.vectors.scripts import SCRIPTS
from tests.contract.vectors.sequences import SEQUENCES
from tests.contract.vectors.times import DATES, MOMENTS
from tests.contract.vectors.values import VALUES
from tests.contract.vectors.words import WORDS

CHAPTERS = (PARTS, DATES, VALUES, SEQUENCES, LEVELS, SOUNDS, WORDS, MOMENTS, SCRIPTS)
