"""Which character sets clients take."""

import pytest

from isocenter.dicomweb.charsets import check_charset
from isocenter.errors import InvalidRequest, NotAcceptable


@pytest.mark.parametrize(
    "header",
    ["", "utf-8", "UTF-8;q=0.5", "*", "iso-8859-1, *;q=0.1", "latin1, utf-8", '"ISO_IR 192"'],
)
def test_who_takes_utf_8_or_anything_is_served(header: str) -> None:
    check_charset(header)


@pytest.mark.parametrize("header", ["iso-8859-1", "utf-8;q=0", "utf-8;q=0.0, *", "*;q=0"])
def test_who_does_not_is_told_what_there_is(header: str) -> None:
    with pytest.raises(NotAcceptable, match="UTF-8"):
        check_charset(header)


def test_the_query_parameter_wins_and_a_set_that_is_not_here_is_a_bad_request() -> None:
    check_charset("iso-8859-1", ("utf-8",))
    check_charset("", ("iso-8859-1,utf-8;q=0.1",))
    with pytest.raises(InvalidRequest, match="UTF-8"):
        check_charset("utf-8", ("iso-8859-1",))
