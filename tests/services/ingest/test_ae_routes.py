"""The AE list over HTTP: shown, changed, removed, each change an entry and an audit entry."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.ingesting import Site, site

from isocenter.api.journal.v1 import entries_pb2 as entries
from isocenter.events.entries import EntryKind
from isocenter.runtime.caller import NOBODY, Action, Caller

FILE = '[[ae]]\ntitle = "CT1"\naddress = "10.0.4.17"\nmay_send = true\n'
WS1 = {"title": "WS1", "address": "10.0.4.30", "port": 104, "may_ask": True, "moves_to": ["WS1"]}


@dataclass
class Here:
    site: Site
    http: httpx.AsyncClient

    async def listed(self) -> dict[str, dict[str, Any]]:
        answer = await self.http.get("/api/ae")
        assert answer.status_code == 200
        return {entry["title"]: entry for entry in answer.json()}


@asynccontextmanager
async def opened(root: Path) -> AsyncIterator[Here]:
    (root / "config").mkdir(exist_ok=True)
    with site(root) as made:
        async with made.client() as http:
            yield Here(made, http)


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Here]:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "ae.toml").write_text(FILE)
    async with opened(tmp_path) as made:
        yield made


async def test_entry_is_shown_with_who_said_it(here: Here) -> None:
    answer = await here.http.put("/api/ae", json=WS1)
    assert answer.json() == [{**WS1, "source": "journal", "by": "local"}]
    listed = await here.listed()
    assert listed["WS1"] == {**WS1, "source": "journal", "by": "local"}
    assert listed["CT1"]["source"] == "file"


async def test_change_is_a_journal_entry_and_an_audit_entry_before_it(here: Here) -> None:
    await here.http.put("/api/ae", json=WS1)
    await here.http.request("DELETE", "/api/ae", params={"title": "CT1"})
    changed = here.site.entries(EntryKind.AE_CHANGED)
    assert [(one.title, len(one.lines), one.caller) for one in changed] == [  # type: ignore[attr-defined]
        ("WS1", 1, "local"),
        ("CT1", 0, "local"),
    ]
    audits = here.site.entries(EntryKind.AUDIT)
    told = [(a.action, a.detail) for a in audits if isinstance(a, entries.Audit)]
    assert [one for one in told if one[1] != "/api/ae"] == [  # beside those of the requests
        ("configure", "ae set WS1"),
        ("configure", "ae remove CT1"),
    ]


async def test_file_entry_is_removed_and_stays_so(here: Here, tmp_path: Path) -> None:
    answer = await here.http.request("DELETE", "/api/ae", params={"title": "CT1"})
    assert answer.json() == {"title": "CT1", "removed": True}
    assert await here.listed() == {}
    gone = await here.http.request("DELETE", "/api/ae", params={"title": "CT1"})
    assert (gone.status_code, "not in the list" in gone.text) == (404, True)
    assert (tmp_path / "config" / "ae.toml").read_text() == FILE


async def test_title_may_have_several_lines(here: Here) -> None:
    lines = [{"address": "10.0.4.17", "may_send": True}, {"address": "10.0.5.0/24"}]
    await here.http.put("/api/ae", json={"title": "CT1", "entries": lines})
    answer = await here.http.get("/api/ae")
    assert [one["address"] for one in answer.json()] == ["10.0.4.17", "10.0.5.0/24"]


@pytest.mark.parametrize(
    "body",
    [
        {}, {"title": "SEVENTEEN_LETTERS"}, {"title": 3}, {"title": "A", "may_delete": True},
        {"title": "A", "port": 104}, {"title": "A", "entries": []}, {"title": "A", "entries": 3},
        {"title": "A", "entries": [3]}, {"title": "A", "entries": [{"title": "B"}]},
        {"title": "A", "entries": [{}], "may_send": True}, {"title": "A", "entries": [{}] * 65},
    ],
)  # fmt: skip
async def test_what_is_no_entry_is_refused_and_nothing_written(
    here: Here, body: dict[str, object]
) -> None:
    assert (await here.http.put("/api/ae", json=body)).status_code == 400
    assert not here.site.entries(EntryKind.AE_CHANGED)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_reader_may_neither_see_nor_change_it(here: Here, method: str) -> None:
    here.site.caller = Caller("reader", "password", "10.0.0.9", frozenset({Action.OBSERVE}))
    assert (await here.http.request(method, "/api/ae", json=WS1)).status_code == 403
    here.site.caller = NOBODY
    assert (await here.http.request(method, "/api/ae", json=WS1)).status_code == 401
    assert not here.site.entries(EntryKind.AE_CHANGED)


async def test_list_outlives_the_process(tmp_path: Path) -> None:
    async with opened(tmp_path) as before:
        await before.http.put("/api/ae", json=WS1)
    async with opened(tmp_path) as after:
        assert list(await after.listed()) == ["WS1"]


async def test_file_that_is_wrong_does_not_hide_what_the_journal_says(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "ae.toml").write_text("[[ae")
    async with opened(tmp_path) as here:
        await here.http.put("/api/ae", json=WS1)
        assert list(await here.listed()) == ["WS1"]
