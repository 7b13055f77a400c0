import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isocenter.errors import InvalidRequest
from isocenter.runtime.caller import Action
from isocenter.runtime.web import Request, Route
from isocenter.runtime.web_router import Matched, Missed, Router


async def handle(request: Request) -> None:
    del request


def route(method: str, path: str) -> Route:
    return Route(method, path, Action.QUERY, handle)


ROUTES = [
    route("GET", "/"),
    route("GET", "/studies"),
    route("POST", "/studies"),
    route("GET", "/studies/{study}"),
    route("GET", "/studies/{study}/metadata"),
    route("GET", "/studies/{study}/series/{series}"),
    route("DELETE", "/studies/{study}"),
    route("GET", "/viewer/{rest:path}"),
    route("GET", "/viewer/config.js"),
]
ROUTER = Router(ROUTES)


def found(method: str, path: str) -> tuple[str, dict[str, str]]:
    match = ROUTER.find(method, path.encode())
    assert isinstance(match, Matched)
    return match.route.path, match.params


def test_paths_find_their_routes_and_parameters() -> None:
    assert found("GET", "/") == ("/", {})
    assert found("POST", "/studies") == ("/studies", {})
    assert found("GET", "/studies/1.2") == ("/studies/{study}", {"study": "1.2"})
    assert found("GET", "/studies/1.2/series/3.4") == (
        "/studies/{study}/series/{series}",
        {"study": "1.2", "series": "3.4"},
    )
    assert found("GET", "/studies/1.2/metadata/")[0] == "/studies/{study}/metadata"


def test_a_tail_takes_the_rest_and_a_literal_wins_over_it() -> None:
    assert found("GET", "/viewer/a/b.js") == ("/viewer/{rest:path}", {"rest": "a/b.js"})
    assert found("GET", "/viewer/") == ("/viewer/{rest:path}", {"rest": ""})
    assert found("GET", "/viewer/config.js") == ("/viewer/config.js", {})


def test_segments_are_decoded_one_by_one() -> None:
    assert found("GET", "/studies/a%2Fb") == ("/studies/{study}", {"study": "a/b"})
    assert found("GET", "/viewer/%C3%A4") == ("/viewer/{rest:path}", {"rest": "ä"})


def test_head_finds_get() -> None:
    assert found("HEAD", "/studies")[0] == "/studies"


def test_a_missing_method_names_those_there_are() -> None:
    assert ROUTER.find("PUT", b"/studies/1") == Missed(("DELETE", "GET", "HEAD"))
    assert ROUTER.find("OPTIONS", b"/studies") == Missed(("GET", "HEAD", "POST"))


@pytest.mark.parametrize(
    "path", ["/nothing", "/studies/1/2/3/4", "/studies//metadata", "/studies/1/series"]
)
def test_an_unknown_path_is_missed(path: str) -> None:
    assert ROUTER.find("GET", path.encode()) == Missed()


@pytest.mark.parametrize(
    "path", ["/viewer/../x", "/viewer/%2e%2e/x", "/viewer/a%2f..%2fb", "/viewer/..%5cx", "/studies/%00",
             "/studies/%ff", "/" + "a" * 9000, "/a" * 100]
)  # fmt: skip
def test_paths_that_lead_elsewhere_are_refused(path: str) -> None:
    with pytest.raises(InvalidRequest):
        ROUTER.find("GET", path.encode())


def test_two_routes_of_one_path_and_method_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="twice"):
        Router([route("GET", "/a/{b}"), route("GET", "/a/{c}")])


def test_methods_of_one_path_may_name_the_parameter_differently() -> None:
    router = Router([route("GET", "/a/{b}"), route("POST", "/a/{c}")])
    match = router.find("POST", b"/a/1")
    assert isinstance(match, Matched)
    assert match.params == {"c": "1"}


@given(st.binary(max_size=200))
def test_any_path_is_found_missed_or_refused(path: bytes) -> None:
    with contextlib.suppress(InvalidRequest):
        assert isinstance(ROUTER.find("GET", path), Matched | Missed)
