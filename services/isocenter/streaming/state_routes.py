"""The platform's state for people and programs: totals, one study's way, what is held, and waiting for changes."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Literal

from isocenter.errors import InvalidRequest, NotFound
from isocenter.ports.index_rows import HoldRow, InstanceState
from isocenter.ports.journal import commits_behind
from isocenter.runtime.asking import Asking
from isocenter.runtime.caller import Action
from isocenter.runtime.web import Request, Route
from isocenter.streaming.answers import respond_json
from isocenter.streaming.changes import Changes
from isocenter.streaming.ports import Ports
from isocenter.streaming.stored import check_uids

MAX_BODY_BYTES = 16_384
MAX_PAGE = 1000
_HOLD_ID = re.compile(r"[A-Za-z0-9._~-]{2,160}", re.ASCII)
_STATES = ("held", "released", "dropped")


class StateRoutes:
    """Handlers below `/api`."""

    def __init__(
        self, ports: Ports, ask: Asking, changes: Changes, indexer_nodes: Sequence[str]
    ) -> None:
        self._ports = ports
        self._ask = ask
        self._indexer_nodes = indexer_nodes
        self._changes = changes

    def routes(self) -> list[Route]:
        """All of them."""
        hold = "/api/held/{hold}"
        return [
            Route("GET", "/api/state", Action.OBSERVE, self.state),
            Route("GET", "/api/changes", Action.OBSERVE, self.changes),
            Route("GET", "/api/studies/{study}/status", Action.OBSERVE, self.status),
            Route("GET", "/api/held", Action.OBSERVE, self.held),
            Route("GET", hold, Action.OBSERVE, self.one_held),
            Route("POST", f"{hold}/release", Action.HANDLE_HELD, self.release),
            Route("POST", f"{hold}/drop", Action.HANDLE_HELD, self.drop),
        ]

    async def state(self, request: Request) -> None:
        """Totals, journal commits not yet applied (`lag`), room left (null when the store does not tell)."""
        index = self._ports.index
        content: dict[str, Any] = {
            **await self._ask(index.totals),
            "lag": await self._lag(),
            "free_bytes": self._ports.objects.free_bytes(),
            "generation": str(await self._ask(index.generation)),
        }
        await respond_json(request, content)

    async def changes(self, request: Request) -> None:
        """`?after=<generation>`: answers when the index has another one, or after a while with the same.

        A generation is told as text: it is longer than numbers are exact in browsers.
        """
        text = dict(request.query).get("after", "-1")
        if not text.removeprefix("-").isdigit() or len(text) > 20:
            raise InvalidRequest("after is a generation as this address told it")
        await respond_json(request, {"generation": str(await self._changes.after(int(text)))})

    async def status(self, request: Request) -> None:
        """Where a study is: received, indexed, completed, corrected, findings, held, conflicts."""
        study = request.params["study"]
        check_uids(study)
        index = self._ports.index
        states = await self._ask(index.states, study)
        holds = await self._ask(index.holds, study=study, limit=MAX_PAGE)
        if not states and not holds:
            raise NotFound("nothing of this study was indexed")
        row = await self._ask(index.study, study)
        await respond_json(
            request,
            {
                "study_instance_uid": study,
                **_counts(states),
                "held": len(holds),
                "complete": bool(row and row.complete),
                "revision": row.revision if row else 0,
                "corrected": bool(row and row.edit_version),
                "findings": await self._ask(self._findings, study),
                "lag": await self._lag(),
            },
        )

    async def held(self, request: Request) -> None:
        """Holds that wait for a person, by id."""
        limit, after = _page(request)
        study = dict(request.query).get("study")
        holds = await self._ask(self._ports.index.holds, study=study, limit=limit, after=after)
        await respond_json(request, [asdict(hold) for hold in holds])

    async def one_held(self, request: Request) -> None:
        """One hold, in any state."""
        await respond_json(request, asdict(await self._ask(self._hold, request.params["hold"])))

    async def release(self, request: Request) -> None:
        """Show it: the same patient or study after all."""
        await self._handle(request, "release")

    async def drop(self, request: Request) -> None:
        """Never show it."""
        await self._handle(request, "drop")

    async def _handle(self, request: Request, action: Literal["release", "drop"]) -> None:
        hold_id = _hold_id(request.params["hold"])
        reason = _reason(await request.body(MAX_BODY_BYTES))
        study = await self._ports.held.handle(hold_id, action, request.caller.name, reason)
        await respond_json(
            request, {"hold_id": hold_id, "study_instance_uid": study, "action": action}
        )

    async def _lag(self) -> int:
        ends = await asyncio.to_thread(self._ports.journal.ends)
        applied = await self._ask(self._ports.index.positions)
        return commits_behind(ends, applied, self._indexer_nodes)

    def _findings(self, study: str) -> dict[str, int]:
        rows = self._ports.index.instances(study)
        return dict(Counter(code for row in rows for code, _, _ in row.findings))

    def _hold(self, text: str) -> HoldRow:
        hold_id = _hold_id(text)
        before = hold_id[:-1] + chr(ord(hold_id[-1]) - 1) + "\x7f"  # sorts just before it
        for state in _STATES:
            found = self._ports.index.holds(state=state, limit=1, after=before)
            if found and found[0].hold_id == hold_id:
                return found[0]
        raise NotFound("there is no such hold")


def _counts(states: list[InstanceState]) -> dict[str, int]:
    kept = [state for state in states if not state.deleted]
    by_uid = Counter(state.sop_instance_uid for state in kept)
    return {
        "received": len(states),
        "indexed": sum(state.current and not state.held and not state.deleted for state in states),
        "deleted": len(states) - len(kept),
        "conflicts": sum(count > 1 for count in by_uid.values()),
    }


def _hold_id(text: str) -> str:
    if _HOLD_ID.fullmatch(text) is None:
        raise NotFound("there is no such hold")
    return text


def _reason(body: bytes) -> str:
    if not body:
        return ""
    try:
        reason = json.loads(body).get("reason", "")
    except (ValueError, AttributeError, RecursionError) as error:
        raise InvalidRequest('the body is JSON such as {"reason": "..."}') from error
    return str(reason)[:1000]


def _page(request: Request) -> tuple[int, str]:
    fields = dict(request.query)
    text = fields.get("limit", "100")
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= MAX_PAGE):
        raise InvalidRequest(f"limit is a number from 1 to {MAX_PAGE}")
    return int(text), fields.get("after", "")
