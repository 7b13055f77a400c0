"""What the DICOMweb services here can do (PS3.18 8.9): asked at their base address."""

from isocenter.dicomweb.capabilities import JSON, WADL, as_json, as_wadl
from isocenter.dicomweb.negotiation import choose
from isocenter.runtime.caller import Action
from isocenter.runtime.web import Request, Route
from isocenter.streaming.answers import accepted, check_characters
from isocenter.streaming.base_url import PREFIX, base_url

_VERBS = "GET, HEAD, OPTIONS"


class CapabilityRoutes:
    """The handler; OPTIONS is the standard's, GET is for whoever looks with a browser."""

    def __init__(self, public_url: str = "") -> None:
        self._public_url = public_url

    def routes(self) -> list[Route]:
        """Both."""
        return [Route(verb, PREFIX, Action.VERIFY, self.describe) for verb in ("OPTIONS", "GET")]

    async def describe(self, request: Request) -> None:
        """A WADL document."""
        check_characters(request)
        media_type = choose(accepted(request), (WADL, "application/xml", JSON))
        base = base_url(request, self._public_url)
        body = as_json(base) if media_type == JSON else as_wadl(base)
        headers = [("Allow", _VERBS), ("Vary", "Accept"), ("Cache-Control", "private, no-cache")]
        await request.respond(200, body, [*headers, ("Content-Type", media_type)])
