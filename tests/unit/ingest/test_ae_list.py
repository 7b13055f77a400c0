"""The AE list: what is read, what is refused, who is who."""

from pathlib import Path

import pytest

from isocenter.errors import InvalidRequest
from isocenter.ingest.ae_list import AeList, parse_ae_list
from isocenter.runtime.caller import Action, Caller

LIST = """
[[ae]]
title = "CT1"
address = "10.0.4.17"
may_send = true

[[ae]]
title = "DESK"
address = "fd00::/8"
may_ask = true

[[ae]]
title = "CT1"
address = "10.0.5.0/24"
may_ask = true
"""


def listed(tmp_path: Path, *, accept_unknown: bool = False) -> AeList:
    path = tmp_path / "ae.toml"
    path.write_text(LIST)
    return AeList(path, accept_unknown=accept_unknown)


@pytest.mark.parametrize(
    ("title", "address", "may"),
    [
        ("CT1", "10.0.4.17", {Action.VERIFY, Action.STORE}),
        ("CT1", "10.0.5.9", {Action.VERIFY, Action.QUERY, Action.RETRIEVE}),
        ("CT1", "10.0.4.18", None),
        ("CT1", "fd00::1", None),
        ("DESK", "fd00::1", {Action.VERIFY, Action.QUERY, Action.RETRIEVE}),
        ("OTHER", "10.0.4.17", None),
    ],
)
def test_caller_is_title_and_address(
    tmp_path: Path, title: str, address: str, may: set[Action] | None
) -> None:
    caller = listed(tmp_path).caller(title, address, on_loopback=False)
    assert caller == (None if may is None else Caller(title, "ae", address, frozenset(may)))


def test_listed_title_never_becomes_an_unknown_caller(tmp_path: Path) -> None:
    unknown_too = listed(tmp_path, accept_unknown=True)
    assert unknown_too.caller("CT1", "10.9.9.9", on_loopback=True) is None
    other = unknown_too.caller("OTHER", "10.9.9.9", on_loopback=False)
    assert other is not None
    assert other.may == {Action.VERIFY, Action.STORE}


@pytest.mark.parametrize(
    "content",
    [
        b"not toml",
        b"\xff\xfe",
        b"other = 1",
        b"ae = 3",
        b'[[ae]]\ntitle = ""',
        b'[[ae]]\ntitle = "A\\\\B"',
        b'[[ae]]\ntitle = "SEVENTEEN_LETTERS"',
        b'[[ae]]\ntitle = "A"\nmay_delete = true',
        b'[[ae]]\ntitle = "A"\nmay_send = "yes"',
        b'[[ae]]\ntitle = "A"\naddress = "ct1.hospital"',
        b'[[ae]]\ntitle = "A"\naddress = 4',
        b"#" * (1024 * 1024 + 1),
    ],
)
def test_wrong_list_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidRequest):
        parse_ae_list(content)


def test_last_good_list_stays_when_the_file_breaks(tmp_path: Path) -> None:
    callers = listed(tmp_path)
    (tmp_path / "ae.toml").write_text("[[ae")
    assert callers.caller("CT1", "10.0.4.17", on_loopback=False) is not None


def test_missing_file_lists_nobody(tmp_path: Path) -> None:
    callers = AeList(tmp_path / "ae.toml")
    assert callers.entries() == ()
    assert callers.caller("CT1", "10.0.4.17", on_loopback=False) is None
    (tmp_path / "ae.toml").write_text(LIST)
    assert len(callers.entries()) == 3


DESTINATIONS = """
[[ae]]
title = "WS1"
address = "10.0.4.5"
port = 104

[[ae]]
title = "WS2"
address = "10.0.4.6"
port = 11112
moves_to = ["WS1"]

[[ae]]
title = "CT1"
may_send = true
"""


@pytest.mark.parametrize(
    ("caller", "title", "host"),
    [
        ("WS1", "WS2", "10.0.4.6"),
        ("WS2", "WS1", "10.0.4.5"),
        ("WS2", "WS2", None),  # not for this caller
        ("WS1", "CT1", None),  # no destination
        ("WS1", "NOBODY", None),
        ("UNLISTED", "WS1", "10.0.4.5"),
    ],
)
def test_destinations_are_listed_and_for_the_caller(
    tmp_path: Path, caller: str, title: str, host: str | None
) -> None:
    path = tmp_path / "ae.toml"
    path.write_text(DESTINATIONS)
    found = AeList(path).destination(title, Caller(caller, "ae", "10.0.0.1", frozenset()))
    assert (found.host if found else None) == host


@pytest.mark.parametrize(
    "line",
    ['port = 104', 'port = "104"\naddress = "10.0.0.1"', 'port = 70000\naddress = "10.0.0.1"',
     'port = 104\naddress = "10.0.0.0/24"', 'moves_to = "WS1"', 'moves_to = [1]'],
)  # fmt: skip
def test_destination_that_cannot_be_one_is_refused(line: str) -> None:
    with pytest.raises(InvalidRequest):
        parse_ae_list(f'[[ae]]\ntitle = "WS1"\n{line}'.encode())
