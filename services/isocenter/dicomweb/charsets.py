"""Which character set an answer may have (PS3.18 8.8): every text here is UTF-8."""

from collections.abc import Iterable, Sequence

from isocenter.dicomweb.media_types import MAX_HEADER_CHARACTERS
from isocenter.errors import InvalidRequest, LimitExceeded, NotAcceptable

NAME = "UTF-8"
_OURS = frozenset({"utf-8", "utf8", "iso_ir 192"})
_NONE = frozenset({"0", "0.", "0.0", "0.00", "0.000"})


def check_charset(header: str, query_values: Sequence[str] = ()) -> None:
    """See that the client takes UTF-8; who says nothing takes anything. The query parameter wins over the header.

    Raises InvalidRequest when the parameter names no set there is here (8.3.3.2), NotAcceptable when the header does.
    """
    if len(header) > MAX_HEADER_CHARACTERS:
        raise LimitExceeded("the list of character sets is too long")
    if query_values:
        wanted = list(_wanted(",".join(query_values)))
        if wanted and not any(name in _OURS for name, _ in wanted):
            raise InvalidRequest(f"charset: available as {NAME}")
        return
    given = dict(_wanted(header))
    named = [is_taken for name, is_taken in given.items() if name in _OURS]
    if given and not any(named or [given.get("*", False)]):
        raise NotAcceptable(f"available in the character set {NAME}")


def _wanted(text: str) -> Iterable[tuple[str, bool]]:
    """Names in lower case, and whether they are taken at all."""
    for item in text.split(","):
        name, *parameters = item.split(";")
        weights = [p.partition("=")[2].strip() for p in parameters if p.strip().startswith("q=")]
        if name.strip():
            yield name.strip().strip('"').lower(), not _NONE.intersection(weights)
