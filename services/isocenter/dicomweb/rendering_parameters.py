"""The query of a rendered resource (PS3.18 8.3.5): window, viewport, quality, annotation."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from isocenter.errors import InvalidRequest

MAX_SIDE = 8192
_FUNCTIONS = {"linear": "LINEAR", "linear-exact": "LINEAR_EXACT", "sigmoid": "SIGMOID"}
_ANNOTATIONS = frozenset({"patient", "technique"})
_ICC_PROFILES = frozenset({"no", "yes", "srgb", "adobergb", "rommrgb", "displayp3"})


@dataclass(frozen=True, slots=True)
class RenderingParameters:
    """What the client asks. `window` is centre, width, function (in DICOM's spelling).

    `viewport` is width and height in pixels, then left, top, width, height of the source region; None for what was
    left out. `annotation` holds what was asked to be burned in; nothing is, which the answer has to say.
    """

    window: tuple[float, float, str] | None = None
    viewport: tuple[float | None, ...] | None = None
    quality: int | None = None
    annotation: tuple[str, ...] = ()


def rendering_parameters(query: Sequence[tuple[str, str]]) -> RenderingParameters:
    """Read the query; unknown names are ignored (8.3.5), malformed values raise InvalidRequest."""
    fields = dict(query)
    if fields.get("iccprofile", "no") not in _ICC_PROFILES:
        raise InvalidRequest("iccprofile is one of " + ", ".join(sorted(_ICC_PROFILES)))
    return RenderingParameters(
        window=_window(fields["window"]) if "window" in fields else None,
        viewport=_viewport(fields["viewport"]) if "viewport" in fields else None,
        quality=_quality(fields["quality"]) if "quality" in fields else None,
        annotation=_annotation(fields.get("annotation", "")),
    )


def _window(text: str) -> tuple[float, float, str]:
    parts = text.split(",")
    function = _FUNCTIONS.get(parts[2].strip().lower()) if len(parts) == 3 else "LINEAR"
    if len(parts) not in (2, 3) or function is None:
        raise InvalidRequest(
            "window is center,width,function; function: linear, linear-exact or sigmoid"
        )
    center, width = _number(parts[0], "window"), _number(parts[1], "window")
    if width <= 0 or (function == "LINEAR" and width < 1):
        raise InvalidRequest("window: the width is too small for its function")
    return center, width, function


def _viewport(text: str) -> tuple[float | None, ...]:
    parts = [part.strip() for part in text.split(",")]
    if len(parts) not in (2, 6):
        raise InvalidRequest("viewport is width,height or width,height,left,top,width,height")
    numbers = tuple(_number(part, "viewport") if part else None for part in parts)
    for side in numbers[:2]:
        if side is None or not 1 <= side <= MAX_SIDE or side != int(side):
            raise InvalidRequest(
                f"viewport: width and height are whole numbers from 1 to {MAX_SIDE}"
            )
    return numbers


def _quality(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text[:4]) <= 100:
        raise InvalidRequest("quality is a number from 1 to 100")
    return int(text)


def _annotation(text: str) -> tuple[str, ...]:
    names = tuple(part.strip().strip('"') for part in text.split(",") if part.strip())
    if not set(names) <= _ANNOTATIONS:
        raise InvalidRequest("annotation is patient, technique or both")
    return names


def _number(text: str, name: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or abs(number) > 1e12:
        raise InvalidRequest(f"{name}: not a number")
    return number
