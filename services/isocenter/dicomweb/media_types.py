"""Media types as clients write them: Accept, the `accept` query parameter, Content-Type (RFC 9110, PS3.18 8.3.3)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from isocenter.errors import InvalidRequest, LimitExceeded

MAX_HEADER_CHARACTERS = 8192
MAX_MEDIA_TYPES = 64
ANY = "*/*"


@dataclass(frozen=True, slots=True)
class MediaType:
    """One media type or range; name and parameter names in lower case, values unquoted. `q` is 0 to 1."""

    name: str
    parameters: tuple[tuple[str, str], ...] = ()
    q: float = 1.0

    def parameter(self, name: str) -> str:
        """Value of a parameter, empty when it is not there."""
        for key, value in self.parameters:
            if key == name:
                return value
        return ""

    def covers(self, name: str) -> bool:
        """Tell whether this range includes the media type `name` (parameters left aside)."""
        return covers(self.name, name)


def covers(pattern: str, name: str) -> bool:
    """Tell whether `pattern` (a type, `image/*` or `*/*`) includes `name`."""
    if pattern in (ANY, "*", name):
        return True
    kind, _, rest = pattern.partition("/")
    return rest == "*" and name.startswith(f"{kind}/")


def parse_media_type(text: str) -> MediaType:
    """Read one media type with its parameters; raises InvalidRequest or LimitExceeded."""
    parsed = _parse_list(text)
    if len(parsed) != 1:
        raise InvalidRequest("exactly one media type is expected")
    return parsed[0]


def acceptable(header: str, query_values: Sequence[str] = ()) -> tuple[MediaType, ...]:
    """What the client accepts, most wanted first; `*/*` when it does not say.

    The query parameter wins over the header (PS3.18 8.3.3.1). A `+` of a media type that the query's form decoding made
    a space is put back.
    """
    text = ",".join(query_values).replace("/dicom ", "/dicom+").replace("/svg ", "/svg+")
    found = [media_type for media_type in _parse_list(text or header) if media_type.q > 0]
    if not found:
        return (MediaType(ANY),)
    return tuple(sorted(found, key=lambda media_type: -media_type.q))


def accepts_encoding(header: str, encoding: str) -> bool:
    """Tell whether an Accept-Encoding header allows a content encoding such as gzip."""
    for item in header.lower().split(","):
        name, _, parameters = item.strip().partition(";")
        if name.strip() in (encoding, "*"):
            return parameters.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def _parse_list(text: str) -> list[MediaType]:
    if len(text) > MAX_HEADER_CHARACTERS:
        raise LimitExceeded(
            "the list of media types is too long", max_characters=MAX_HEADER_CHARACTERS
        )
    found: list[MediaType] = []
    for item in _split(text, ","):
        if item.strip():
            found.append(_parse_item(item))
        if len(found) > MAX_MEDIA_TYPES:
            raise LimitExceeded("too many media types", max_media_types=MAX_MEDIA_TYPES)
    return found


def _parse_item(item: str) -> MediaType:
    name, *rest = (part.strip() for part in _split(item, ";"))
    name = name.lower()
    if name != "*" and not all(name.partition("/")[::2]):
        raise InvalidRequest("a media type is written type/subtype")
    q = 1.0
    parameters: list[tuple[str, str]] = []
    for part in rest:
        key, _, value = part.partition("=")
        key, value = key.strip().lower(), _unquote(value.strip())
        if key == "q":
            q = _quality(value)
        elif key:
            parameters.append((key, value))
    return MediaType(name, tuple(parameters), q)


def _quality(text: str) -> float:
    try:
        q = float(text)
    except ValueError:
        q = -1.0
    if not 0 <= q <= 1:
        raise InvalidRequest("q of a media type is a number from 0 to 1")
    return q


def _unquote(value: str) -> str:
    if len(value) < 2 or value[0] != '"' or value[-1] != '"':
        return value
    out: list[str] = []
    escaped = False
    for character in value[1:-1]:
        if character == "\\" and not escaped:
            escaped = True
            continue
        out.append(character)
        escaped = False
    return "".join(out)


def _split(text: str, separator: str) -> Iterator[str]:
    """Split at a separator outside quotation marks; an unclosed quotation runs to the end."""
    start = 0
    quoted = escaped = False
    for place, character in enumerate(text):
        if escaped:
            escaped = False
        elif quoted and character == "\\":
            escaped = True
        elif character == '"':
            quoted = not quoted
        elif character == separator and not quoted:
            yield text[start:place]
            start = place + 1
    yield text[start:]
