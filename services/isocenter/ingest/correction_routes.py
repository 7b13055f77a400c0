"""HTTP routes to correct, look at what was corrected, and take it back."""

import json
from dataclasses import asdict
from typing import Any

from isocenter.errors import InvalidRequest
from isocenter.events.versions import version_ms
from isocenter.ingest.corrections import Corrections
from isocenter.ingest.json_answers import json_body, respond_json
from isocenter.ports.index_rows import CorrectionRow
from isocenter.runtime.caller import Action
from isocenter.runtime.web import Request, Route

_CORRECTED = (
    "/api/corrections/studies/{study}"  # below one prefix, by which a gateway knows whose it is
)


class CorrectionRoutes:
    """The handlers, over the decisions. Bodies are JSON: `set` (attribute: text), `to_patient_of`, `reason`."""

    def __init__(self, corrections: Corrections) -> None:
        self._corrections = corrections

    def routes(self) -> list[Route]:
        """All of them."""
        correct = Action.CORRECT
        return [
            Route("POST", _CORRECTED, correct, self.edit),
            Route("POST", f"{_CORRECTED}/series/{{series}}", correct, self.edit),
            Route("POST", f"{_CORRECTED}/patient", correct, self.edit_patient),
            Route("POST", f"{_CORRECTED}/move", correct, self.move),
            Route("POST", f"{_CORRECTED}/patient/merge", correct, self.merge),
            Route("GET", _CORRECTED, Action.QUERY, self.history),
            Route("POST", "/api/corrections/{id}/undo", correct, self.undo),
        ]

    async def edit(self, request: Request) -> None:
        """Show other values for attributes of a study or series."""
        params = request.params
        body = await json_body(request)
        row = await self._corrections.edit(
            params["study"], params.get("series", ""), _set(body), request.caller, _reason(body)
        )
        await respond_json(request, 200, _shown(row))

    async def edit_patient(self, request: Request) -> None:
        """Show other values for all of the study's patient."""
        body = await json_body(request)
        row = await self._corrections.edit_patient(
            request.params["study"], _set(body), request.caller, _reason(body)
        )
        await respond_json(request, 200, _shown(row))

    async def move(self, request: Request) -> None:
        """Show the study as another patient's."""
        body = await json_body(request)
        row = await self._corrections.move(
            request.params["study"], _other(body), request.caller, _reason(body)
        )
        await respond_json(request, 200, _shown(row))

    async def merge(self, request: Request) -> None:
        """Show all of the study's patient as another's."""
        body = await json_body(request)
        row = await self._corrections.merge(
            request.params["study"], _other(body), request.caller, _reason(body)
        )
        await respond_json(request, 200, _shown(row))

    async def history(self, request: Request) -> None:
        """What was ever corrected, oldest first."""
        rows = await self._corrections.history(request.params["study"])
        await respond_json(request, 200, [_shown(row) for row in rows])

    async def undo(self, request: Request) -> None:
        """Take a correction back."""
        row = await self._corrections.undo(request.params["id"], request.caller)
        await respond_json(request, 200, _shown(row))


def _shown(row: CorrectionRow) -> dict[str, Any]:
    shown = asdict(row) | {"attributes": json.loads(row.attributes)}
    del shown["subject"]
    shown["made_ms"] = version_ms(row.version)
    shown["undone_ms"] = version_ms(row.undone_version) if row.undone_version else None
    return shown


def _set(body: dict[str, Any]) -> dict[str, Any]:
    asked = body.get("set")
    if not isinstance(asked, dict):
        raise InvalidRequest('the body is JSON such as {"set": {"StudyDescription": "..."}}')
    return asked


def _other(body: dict[str, Any]) -> str:
    other = body.get("to_patient_of")
    if not isinstance(other, str):
        raise InvalidRequest('the body is JSON such as {"to_patient_of": "<a study\'s UID>"}')
    return other


def _reason(body: dict[str, Any]) -> str:
    reason = body.get("reason", "")
    if not isinstance(reason, str):
        raise InvalidRequest("reason is a text")
    return reason
