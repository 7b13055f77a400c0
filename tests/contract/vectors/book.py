"""All chapters."""

from tests.contract.vectors.sequences import SEQUENCES

CHAPTERS = (SEQUENCES,)
