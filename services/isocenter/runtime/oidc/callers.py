"""From a token or a session to a Caller, by the policy of this site as it is now."""

from collections.abc import Mapping
from typing import Any

from isocenter.runtime.access_policy import PolicyFile
from isocenter.runtime.caller import Action, Caller
from isocenter.runtime.oidc.provider import Provider
from isocenter.runtime.oidc.session import Sessions, claims_in
from isocenter.runtime.oidc.tokens import name_of, verify
from isocenter.runtime.origin import is_cross_site


class OidcCallers:
    """`authenticate.Elsewhere`. Who is known and has no grant here is a Caller that may do nothing."""

    def __init__(
        self,
        provider: Provider,
        policy: PolicyFile,
        *,
        site: str,
        audience: str,
        sessions: Sessions | None,
    ) -> None:
        self._provider = provider
        self._policy = policy
        self._site = site
        self._audience = audience
        self._sessions = sessions

    async def by_token(self, token: str, peer: str) -> Caller:
        """A program's, or an application's for a person; raises Unauthenticated, Unavailable."""
        claims = await verify(token, self._audience, self._provider)
        return Caller(name_of(claims), "oidc", peer, self.may(claims))

    def by_session(self, headers: Mapping[str, str], method: str, peer: str) -> Caller | None:
        """A browser's; None without one, and where another site's page makes the browser ask."""
        id_token = self._sessions.token(headers) if self._sessions is not None else ""
        if not id_token or is_cross_site(headers, method):
            return None
        claims = claims_in(id_token)
        return Caller(name_of(claims), "session", peer, self.may(claims))

    def may(self, claims: Mapping[str, Any]) -> frozenset[Action]:
        """What somebody may do at this site, as the policy says now."""
        return self._policy.now().may(claims, self._site)
