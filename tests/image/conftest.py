"""The image, built once for all tests of it."""

from collections.abc import Iterator

import pytest
from tests.support.containers import Image, built, missing


@pytest.fixture(scope="session")
def image() -> Iterator[Image]:
    if reason := missing():
        pytest.skip(reason)
    with built() as image:
        yield image
