"""HTTP routes over the AE list. A title is named in the body or the query: it may hold a slash."""

import asyncio
from collections.abc import Mapping

from isocenter.dimse.ae_title import is_valid_ae_title
from isocenter.errors import InvalidRequest, LimitExceeded, NotFound
from isocenter.ingest.ae_entry import AeEntry, read_entry
from isocenter.ingest.ae_journal import AeJournal
from isocenter.ingest.ae_list import MAX_ENTRIES, AeList
from isocenter.ingest.deciding import require_caller
from isocenter.ingest.json_answers import json_body, respond_json
from isocenter.runtime.audit import Auditor
from isocenter.runtime.caller import Action, Caller
from isocenter.runtime.web import Request, Route

MAX_LINES = 64  # of one title


class AeRoutes:
    """The handlers, over the list and the journal behind it."""

    def __init__(self, ae_list: AeList, journaled: AeJournal, auditor: Auditor) -> None:
        self._list = ae_list
        self._journaled = journaled
        self._auditor = auditor

    async def listed(self, request: Request) -> None:
        """All entries, each with where it was said: `file`, or `journal` and by whom."""
        await asyncio.to_thread(self._journaled.look)
        await respond_json(request, 200, [self._shown(entry) for entry in self._list.entries()])

    async def put(self, request: Request) -> None:
        """Say what is true of a title: one entry, or `{"title": ..., "entries": [...]}` with several."""
        title, entries = _asked(await json_body(request))
        caller = require_caller(request.caller)
        await asyncio.to_thread(self._change, "set", title, entries, caller)
        await respond_json(request, 200, [self._shown(entry) for entry in self._of(title)])

    async def remove(self, request: Request) -> None:
        """Remove a title with all its lines, the file's too."""
        title = dict(request.query).get("title", "")
        caller = require_caller(request.caller)
        await asyncio.to_thread(self._journaled.look)
        if not self._of(title):
            raise NotFound(
                f"{title} is not in the list" if is_valid_ae_title(title) else "no title"
            )
        await asyncio.to_thread(self._change, "remove", title, (), caller)
        await respond_json(request, 200, {"title": title, "removed": True})

    def routes(self) -> list[Route]:
        """All of them. Who comes from where is for those alone who may change it."""
        return [
            Route("GET", "/api/ae", Action.CONFIGURE, self.listed),
            Route("PUT", "/api/ae", Action.CONFIGURE, self.put),
            Route("DELETE", "/api/ae", Action.CONFIGURE, self.remove),
        ]

    def _change(self, what: str, title: str, entries: tuple[AeEntry, ...], caller: Caller) -> None:
        others = len(self._list.entries()) - len(self._of(title))
        if others + len(entries) > MAX_ENTRIES:
            raise LimitExceeded("the AE list is too long", max_entries=MAX_ENTRIES)
        self._auditor.record_durably(caller, Action.CONFIGURE, "", "allowed", f"ae {what} {title}")
        self._journaled.change(title, entries, caller.name)

    def _of(self, title: str) -> list[AeEntry]:
        return [entry for entry in self._list.entries() if entry.title == title]

    def _shown(self, entry: AeEntry) -> dict[str, object]:
        told = self._journaled.known().get(entry.title)
        source = {"source": "file"} if told is None else {"source": "journal", "by": told.caller}
        return {**entry.as_mapping(), **source}


def _asked(body: Mapping[str, object]) -> tuple[str, tuple[AeEntry, ...]]:
    title = body.get("title")
    if not isinstance(title, str) or not is_valid_ae_title(title):
        raise InvalidRequest("title is no AE title")
    lines = body.get("entries", [body])
    if not isinstance(lines, list) or not 0 < len(lines) <= MAX_LINES:
        raise InvalidRequest(f"entries is a list of 1 to {MAX_LINES}")
    if "entries" in body and set(body) != {"title", "entries"}:
        raise InvalidRequest("beside entries stands the title alone")
    read = [
        read_entry({"title": title, **line} if isinstance(line, Mapping) else line, number)
        for number, line in enumerate(lines, start=1)
    ]
    if any(entry.title != title for entry in read):
        raise InvalidRequest("an entry has another title")
    return title, tuple(read)
