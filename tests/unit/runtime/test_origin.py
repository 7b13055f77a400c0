import pytest

from isocenter.runtime.origin import is_cross_site, is_local


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8080", "127.0.0.1:8080", "[::1]:8080", "[::1]", "LOCALHOST"]
)
@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "127.1.2.3"])
def test_loopback_asking_for_loopback_is_local(host: str, peer: str) -> None:
    assert is_local({"host": host}, peer)


@pytest.mark.parametrize(
    ("headers", "peer"),
    [
        ({"host": "evil.example"}, "127.0.0.1"),  # DNS rebinding
        ({"host": "localhost.evil.example"}, "127.0.0.1"),
        ({"host": "localhost, evil.example"}, "127.0.0.1"),
        ({"host": "localhost:80@evil.example"}, "127.0.0.1"),
        ({"host": "[::1]x"}, "127.0.0.1"),
        ({"host": "[::1"}, "127.0.0.1"),
        ({"host": ""}, "127.0.0.1"),
        ({}, "127.0.0.1"),
        ({"host": "localhost"}, "192.168.1.7"),
        ({"host": "localhost"}, ""),
        (
            {"host": "localhost", "x-forwarded-for": "10.0.0.1"},
            "127.0.0.1",
        ),  # a proxy on this machine
        ({"host": "localhost", "forwarded": "for=10.0.0.1"}, "127.0.0.1"),
    ],
)
def test_everything_else_is_not_local(headers: dict[str, str], peer: str) -> None:
    assert not is_local(headers, peer)


@pytest.mark.parametrize(
    ("method", "headers", "cross"),
    [
        ("GET", {}, False),
        ("POST", {"sec-fetch-site": "same-origin", "origin": "http://localhost:8080"}, False),
        ("POST", {"origin": "http://localhost:8080"}, False),
        ("GET", {"sec-fetch-site": "none"}, False),
        ("POST", {"origin": "http://evil.example"}, True),
        ("POST", {"origin": "null"}, True),
        ("GET", {"sec-fetch-site": "cross-site"}, True),
        ("GET", {"sec-fetch-site": "same-site"}, True),  # another port of localhost
        ("POST", {"origin": "http://localhost:3000"}, True),
        (
            "GET",
            {
                "sec-fetch-site": "cross-site",
                "sec-fetch-mode": "navigate",
                "sec-fetch-dest": "document",
            },
            False,
        ),
        (
            "GET",
            {
                "sec-fetch-site": "cross-site",
                "sec-fetch-mode": "navigate",
                "sec-fetch-dest": "iframe",
            },
            True,
        ),
        (
            "POST",
            {
                "sec-fetch-site": "cross-site",
                "sec-fetch-mode": "navigate",
                "sec-fetch-dest": "document",
            },
            True,
        ),
    ],
)
def test_another_sites_page_is_noticed(method: str, headers: dict[str, str], cross: bool) -> None:
    assert is_cross_site({"host": "localhost:8080", **headers}, method) is cross
