"""Find the route of a request: a tree of path segments, a few microseconds deep."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from isocenter.errors import InvalidRequest
from isocenter.runtime.web import Route

MAX_PATH_BYTES = 8192
MAX_SEGMENTS = 64


@dataclass(slots=True)
class _Node:
    """One place in the tree: literal children, one child for any segment, and the routes that end here."""

    literal: dict[str, "_Node"] = field(default_factory=dict)
    any_segment: "_Node | None" = None
    routes: dict[str, Route] = field(default_factory=dict)
    names: dict[str, tuple[str, ...]] = field(default_factory=dict)  # of the parameters, by method
    tails: dict[str, Route] = field(default_factory=dict)
    tail_names: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Matched:
    """A route and the values of its parameters."""

    route: Route
    params: dict[str, str]


@dataclass(frozen=True, slots=True)
class Missed:
    """No route: `allow` holds the methods the path does have, and is empty when there is no such path."""

    allow: tuple[str, ...] = ()


class Router:
    """Routes by path and method. Literal segments win over `{name}`, `{name}` wins over `{name:path}`."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root = _Node()
        for route in routes:
            self._add(route)

    def _add(self, route: Route) -> None:
        node = self._root
        names: list[str] = []
        segments = route.path.strip("/").split("/") if route.path != "/" else []
        for place, segment in enumerate(segments):
            if segment.endswith(":path}"):
                if place != len(segments) - 1:
                    raise ValueError(f"{route.path}: the rest of a path comes last")
                names.append(segment[1:-6])
                _claim(node.tails, node.tail_names, route, names)
                return
            if segment.startswith("{"):
                names.append(segment[1:-1])
                node.any_segment = node.any_segment or _Node()
                node = node.any_segment
            else:
                node = node.literal.setdefault(segment, _Node())
        _claim(node.routes, node.names, route, names)

    def find(self, method: str, raw_path: bytes) -> Matched | Missed:
        """Match the path as it was sent, still percent-encoded; HEAD finds GET.

        A slash at the end is looked over. Raises InvalidRequest for a path that is too long, is not UTF-8, or holds a
        NUL or a `..`.
        """
        segments = split_path(raw_path)
        methods = ("HEAD", "GET") if method == "HEAD" else (method,)
        allow: set[str] = set()
        found = self._walk(self._root, segments, 0, methods, allow)
        if found is not None:
            route, names, values = found
            return Matched(route, dict(zip(names, values, strict=True)))
        if "GET" in allow:
            allow.add("HEAD")
        return Missed(tuple(sorted(allow)))

    def _walk(
        self,
        node: _Node,
        segments: list[str],
        place: int,
        methods: tuple[str, ...],
        allow: set[str],
    ) -> tuple[Route, tuple[str, ...], list[str]] | None:
        """Go down depth first; the tree is as deep as the longest route, so this ends soon."""
        found = None
        if place < len(segments):
            child = node.literal.get(segments[place])
            if child is not None:
                found = self._walk(child, segments, place + 1, methods, allow)
            if found is None and node.any_segment is not None and segments[place]:
                found = self._walk(node.any_segment, segments, place + 1, methods, allow)
                if found is not None:
                    found[2].insert(0, segments[place])
        else:
            found = _take(node.routes, node.names, methods, allow, [])
        if found is None and node.tails:
            rest = "/".join(segments[place:])
            found = _take(node.tails, node.tail_names, methods, allow, [rest])
        return found


def _claim(
    routes: dict[str, Route], names: dict[str, tuple[str, ...]], route: Route, own: list[str]
) -> None:
    if route.method in routes:
        raise ValueError(f"{route.method} {route.path} is there twice")
    routes[route.method] = route
    names[route.method] = tuple(own)


def _take(
    routes: dict[str, Route],
    names: dict[str, tuple[str, ...]],
    methods: tuple[str, ...],
    allow: set[str],
    values: list[str],
) -> tuple[Route, tuple[str, ...], list[str]] | None:
    for method in methods:
        route = routes.get(method)
        if route is not None:
            return route, names[method], values
    allow.update(routes)
    return None


def split_path(raw_path: bytes) -> list[str]:
    """Segments of a path, each percent-decoded by itself, so an encoded slash stays inside its segment."""
    if len(raw_path) > MAX_PATH_BYTES:
        raise InvalidRequest("the path is too long")
    raw = raw_path.strip(b"/")
    parts = raw.split(b"/") if raw else []
    if len(parts) > MAX_SEGMENTS:
        raise InvalidRequest("the path has too many segments")
    try:
        segments = [
            (unquote_to_bytes(part) if b"%" in part else part).decode("utf-8") for part in parts
        ]
    except UnicodeDecodeError as error:
        raise InvalidRequest("the path is not UTF-8") from error
    for segment in segments:
        if "\0" in segment or (".." in segment and ".." in segment.replace("\\", "/").split("/")):
            raise InvalidRequest("the path leads elsewhere")
    return segments
