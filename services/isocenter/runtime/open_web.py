"""From routes to a server on the process's port that knows who asks."""

from collections.abc import Iterable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from isocenter.runtime.audit import Auditor
from isocenter.runtime.authenticate import Authenticator
from isocenter.runtime.settings import ServiceSettings
from isocenter.runtime.users import users_path
from isocenter.runtime.web import Route
from isocenter.runtime.web_app import Problem, WebApp
from isocenter.runtime.web_server import WebServer, open_socket

if TYPE_CHECKING:
    from isocenter.runtime.oidc.opening import Oidc


def open_web(
    routes: Iterable[Route],
    problem: Problem,
    auditor: Auditor,
    settings: ServiceSettings,
    stack: AsyncExitStack,
) -> WebServer:
    """Bind the port, which other workers may share; nobody is served before `serve`. Raises OSError."""
    oidc = _oidc(settings, stack)
    authenticator = Authenticator(
        users_path(settings.config_folder),
        trust_loopback=settings.trust_loopback,
        elsewhere=oidc.callers if oidc else None,
    )
    stack.callback(authenticator.close)
    app = WebApp(
        (*routes, *(oidc.routes if oidc else ())),
        authenticate=authenticator,
        problem=problem,
        auditor=auditor,
        sign_in=oidc.sign_in if oidc else None,
    )
    sock = open_socket(settings.listen, settings.http_port)
    return WebServer(app, sock, grace_s=settings.grace_s)


def _oidc(settings: ServiceSettings, stack: AsyncExitStack) -> "Oidc | None":
    if not settings.oidc_issuer:
        return None
    from isocenter.runtime.oidc.opening import open_oidc

    return open_oidc(settings, stack)
