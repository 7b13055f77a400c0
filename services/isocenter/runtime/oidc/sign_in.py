"""Sign a person in and out: authorization code with PKCE (RFC 7636), state and nonce in a sealed cookie (RFC 9700)."""

import hmac
import json
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlencode

from isocenter.errors import Denied, InvalidRequest, Unauthenticated
from isocenter.runtime.caller import Action
from isocenter.runtime.metrics import METRICS
from isocenter.runtime.oidc.callers import OidcCallers
from isocenter.runtime.oidc.fetching import Fetcher
from isocenter.runtime.oidc.pages import not_signed_in
from isocenter.runtime.oidc.provider import Provider
from isocenter.runtime.oidc.sealed import Seal
from isocenter.runtime.oidc.session import Sessions
from isocenter.runtime.oidc.tokens import name_of, verify
from isocenter.runtime.origin import is_cross_site
from isocenter.runtime.web import Request, Route

PURPOSE = "sign-in"
LASTS_S = 600  # to type a password
MAX_NEXT = 512  # characters of where to go afterwards
MAX_FIELD = 4_096
CALLBACK = "/sign-in/callback"
_NO_STORE = ("Cache-Control", "no-store")


@dataclass(frozen=True, slots=True)
class Client:
    """What we are to the provider; `public_url` is our origin as browsers see it."""

    client_id: str
    client_secret: str
    public_url: str

    @property
    def redirect_uri(self) -> str:
        """Where the provider sends browsers back to; it has to be registered there."""
        return f"{self.public_url}{CALLBACK}"


class SignIn:
    """The three routes. What a sign-in needs until it comes back lies with the browser: replicas share nothing."""

    def __init__(
        self,
        client: Client,
        provider: Provider,
        fetcher: Fetcher,
        callers: OidcCallers,
        sessions: Sessions,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._provider = provider
        self._fetcher = fetcher
        self._callers = callers
        self._sessions = sessions
        self._now_s = now_s
        self._seal = Seal(client.client_secret, PURPOSE)

    def routes(self) -> list[Route]:
        """All of it; whoever asks may, there is nothing behind them."""
        return [
            Route("GET", "/sign-in", Action.SIGN_IN, self.start),
            Route("GET", CALLBACK, Action.SIGN_IN, self.come_back),
            Route("POST", "/sign-out", Action.SIGN_IN, self.sign_out),
        ]

    async def start(self, request: Request) -> None:
        """Send the browser to the provider."""
        known = await self._provider.known()
        query = dict(request.query)
        state, nonce, verifier = (secrets.token_urlsafe(size) for size in (24, 24, 48))
        kept = {
            "state": state,
            "nonce": nonce,
            "verifier": verifier,
            "next": _local(query.get("next", "/")),
            "until_s": int(self._now_s()) + LASTS_S,
        }
        challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).decode()
        asked = {
            "response_type": "code",
            "client_id": self._client.client_id,
            "redirect_uri": self._client.redirect_uri,
            "scope": "openid profile",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge.rstrip("="),
            "code_challenge_method": "S256",
            # after a refusal: as somebody else than the provider still knows
            **({"prompt": "login"} if query.get("prompt") == "login" else {}),
        }
        sealed = self._seal.seal(json.dumps(kept).encode())
        cookie = self._sessions.cookies.keep(PURPOSE, sealed, LASTS_S)
        await _go(request, _with(known.authorization, asked), cookie)

    async def come_back(self, request: Request) -> None:
        """Take the code, fetch the token, begin the session; a person reads why not."""
        forget = self._sessions.cookies.keep(PURPOSE, "", 0)
        try:
            kept = self._kept(request.headers)
            code = self._code(dict(request.query), kept)
            id_token, claims = await self._tokens(code, kept)
            if not self._callers.may(claims):
                raise Denied(
                    f"the account {name_of(claims)} is known, but nothing here is open to it"
                )
            session = self._sessions.begin(id_token)
        except (InvalidRequest, Unauthenticated, Denied) as error:
            METRICS.count("isocenter_sign_in_failures_total")
            status = 403 if isinstance(error, Denied) else 400
            headers, body = not_signed_in(error.message)
            await request.respond(status, body, [*headers, ("Set-Cookie", forget), _NO_STORE])
            return
        await _go(request, kept["next"], session, forget)

    async def sign_out(self, request: Request) -> None:
        """Take the session away and say where the provider's own is ended."""
        if is_cross_site(request.headers, request.method):
            raise Denied("another site's page may not sign anybody out")
        id_token = self._sessions.token(request.headers)
        known = await self._provider.known()
        left = {
            "client_id": self._client.client_id,
            "post_logout_redirect_uri": f"{self._client.public_url}/",
            **({"id_token_hint": id_token} if id_token else {}),
        }
        location = _with(known.end_session, left) if known.end_session else "/"
        headers = [("Content-Type", "application/json"), _NO_STORE]
        headers.append(("Set-Cookie", self._sessions.end()))
        await request.respond(200, json.dumps({"location": location}).encode(), headers)

    def _kept(self, headers: Mapping[str, str]) -> dict[str, Any]:
        sealed = self._sessions.cookies.find(headers, PURPOSE)
        opened = self._seal.open(sealed) if sealed else None
        kept: dict[str, Any] = json.loads(opened) if opened is not None else {}
        if not kept or self._now_s() > kept["until_s"]:
            raise InvalidRequest("this sign-in was not begun here, or too long ago")
        return kept

    def _code(self, query: Mapping[str, str], kept: Mapping[str, str]) -> str:
        state = query.get("state", "")[:MAX_FIELD]
        if not hmac.compare_digest(state.encode(), kept["state"].encode()):
            raise InvalidRequest("this sign-in was not begun here")
        if query.get("iss", self._provider.issuer) != self._provider.issuer:  # RFC 9207
            raise InvalidRequest("another identity provider answered")
        code = query.get("code", "")
        if not 0 < len(code) <= MAX_FIELD:
            raise Unauthenticated("the identity provider refused")
        return code

    async def _tokens(self, code: str, kept: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
        known = await self._provider.known()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._client.redirect_uri,
            "code_verifier": kept["verifier"],
        }
        # RFC 6749 2.3.1: both are form-encoded before they are made Basic credentials
        user = (quote(self._client.client_id, safe=""), quote(self._client.client_secret, safe=""))
        status, answer = await self._fetcher.post(known.token, form, user)
        id_token = answer.get("id_token")
        if status != 200 or not isinstance(id_token, str):
            raise Unauthenticated("the identity provider did not take the code")
        claims = await verify(id_token, self._client.client_id, self._provider)
        nonce = str(claims.get("nonce", ""))
        if not hmac.compare_digest(nonce.encode(), kept["nonce"].encode()):
            raise Unauthenticated("the token is of another sign-in")
        if claims.get("azp", self._client.client_id) != self._client.client_id:
            raise Unauthenticated("the token is another client's")
        return id_token, claims


def sign_in_location(headers: Mapping[str, str], method: str, target: str) -> str:
    """Where a browser that wants to show a page is sent; empty for everybody else, who get 401."""
    if method != "GET" or "text/html" not in headers.get("accept", ""):
        return ""
    if headers.get("sec-fetch-mode", "navigate") != "navigate":
        return ""
    return _with("/sign-in", {"next": target}) if len(target) <= MAX_NEXT else "/sign-in"


def _local(target: str) -> str:
    """A path of ours; anything else could lead to another site."""
    plain = target.isascii() and target.isprintable() and "\\" not in target
    return target if plain and target[:1] == "/" != target[1:2] and len(target) <= MAX_NEXT else "/"


def _with(url: str, fields: Mapping[str, str]) -> str:
    return f"{url}{'&' if '?' in url else '?'}{urlencode(fields)}"


async def _go(request: Request, location: str, *cookies: str) -> None:
    headers = [("Location", location), _NO_STORE, ("Referrer-Policy", "no-referrer")]
    await request.respond(303, b"", [*headers, *(("Set-Cookie", cookie) for cookie in cookies)])
