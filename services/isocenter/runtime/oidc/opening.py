"""Sign-in elsewhere as the settings say: what `open_web` puts together."""

from contextlib import AsyncExitStack
from dataclasses import dataclass

from isocenter.errors import InvalidRequest
from isocenter.runtime.access_policy import FILE, PolicyFile
from isocenter.runtime.oidc.callers import OidcCallers
from isocenter.runtime.oidc.fetching import Fetcher, check_url
from isocenter.runtime.oidc.provider import Provider
from isocenter.runtime.oidc.session import Sessions
from isocenter.runtime.oidc.sign_in import Client, SignIn, sign_in_location
from isocenter.runtime.settings import ServiceSettings
from isocenter.runtime.web import Route
from isocenter.runtime.web_app import SignIn as SignInLocation

MIN_SECRET = 16  # characters: sessions are sealed under it


@dataclass(frozen=True, slots=True)
class Oidc:
    """`routes` are empty where there is no client for pages: then programs' tokens are all."""

    callers: OidcCallers
    routes: tuple[Route, ...]
    sign_in: SignInLocation | None


def open_oidc(settings: ServiceSettings, stack: AsyncExitStack) -> Oidc:
    """Nothing is asked of the provider before somebody comes. Raises InvalidRequest for settings that cannot be."""
    issuer = check_url(settings.oidc_issuer)
    _check(settings)
    fetcher = Fetcher(settings.oidc_ca_file)
    stack.push_async_callback(fetcher.close)
    provider = Provider(issuer, fetcher)
    client = Client(
        settings.oidc_client_id,
        settings.oidc_client_secret.get_secret_value(),
        settings.oidc_public_url.rstrip("/"),
    )
    sessions = None
    if client.client_id:
        secure = client.public_url.startswith("https://")
        sessions = Sessions(client.client_secret, settings.oidc_session_s, secure=secure)
    callers = OidcCallers(
        provider,
        PolicyFile(settings.config_folder / FILE),
        site=settings.site,
        audience=settings.oidc_audience,
        sessions=sessions,
    )
    if sessions is None:
        return Oidc(callers, (), None)
    signing = SignIn(client, provider, fetcher, callers, sessions)
    return Oidc(callers, tuple(signing.routes()), sign_in_location)


def _check(settings: ServiceSettings) -> None:
    if not settings.oidc_audience or settings.oidc_audience == settings.oidc_client_id:
        raise InvalidRequest(
            "ISOCENTER_OIDC_AUDIENCE has to be set, and not be the client: ID tokens name that"
        )
    if not settings.oidc_client_id:
        return
    if len(settings.oidc_client_secret.get_secret_value()) < MIN_SECRET:
        raise InvalidRequest(f"ISOCENTER_OIDC_CLIENT_SECRET has to have {MIN_SECRET} characters")
    check_url(settings.oidc_public_url)
