"""The worklist page at `/` and the full viewer at `/viewer`, from files; nothing comes from outside this server."""

import mimetypes
from importlib.resources import files
from pathlib import Path

from isocenter.errors import NotFound
from isocenter.runtime.caller import Action
from isocenter.runtime.web import Request, Route

# OHIF compiles its codecs (wasm) and starts workers from blobs; the page itself needs neither
_SANDBOX = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; worker-src 'self' blob:; connect-src 'self' blob: data:; font-src 'self' data:; "
    "object-src 'none'; base-uri 'self'; frame-ancestors 'self'"
)
_PAGE_SANDBOX = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
_PAGE_FILES = {"/": "page.html", "/page.css": "page.css", "/page.js": "page.js"}
_IMMUTABLE_MARK = ".bundle."
_NO_VIEWER = b"The viewer is not installed here. Install Node.js 20 or newer and run: make setup\n"

mimetypes.add_type("application/wasm", ".wasm")
mimetypes.add_type("text/javascript", ".js")


def _headers(name: str, sandbox: str) -> list[tuple[str, str]]:
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    charset = "; charset=utf-8" if kind.startswith("text/") else ""
    caching = "public, max-age=31536000, immutable" if _IMMUTABLE_MARK in name else "no-cache"
    return [
        ("Content-Type", kind + charset),
        ("Cache-Control", caching),
        ("Content-Security-Policy", sandbox),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "same-origin"),
    ]


class Pages:
    """The page's three files, read once."""

    def __init__(self) -> None:
        folder = files("isocenter.streaming.web")
        self._content = {path: (folder / name).read_bytes() for path, name in _PAGE_FILES.items()}

    async def page(self, request: Request) -> None:
        """Answer `/`, `/page.css` or `/page.js`."""
        headers = _headers(_PAGE_FILES[request.path], _PAGE_SANDBOX)
        await request.respond(200, self._content[request.path], headers)


class Viewer:
    """The installed viewer's folder; its paths are listed once, so no request reaches outside it."""

    def __init__(self, folder: Path) -> None:
        self._files = {
            path.relative_to(folder).as_posix(): path
            for path in (folder.rglob("*") if folder.is_dir() else ())
            if path.is_file()
        }

    async def file(self, request: Request) -> None:
        """Answer a file, precompressed where it can be; a path of the application itself gets its start page."""
        name = request.params.get("path", "")
        if not self._files:
            await request.respond(404, _NO_VIEWER, [("Content-Type", "text/plain; charset=utf-8")])
            return
        if name not in self._files:
            if "." in name.rsplit("/", 1)[-1]:
                raise NotFound("no such file in the viewer")
            name = "index.html"
        headers = [*_headers(name, _SANDBOX), ("Vary", "Accept-Encoding")]
        packed = self._files.get(f"{name}.gz")
        if packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            await request.respond(
                200, packed.read_bytes(), [*headers, ("Content-Encoding", "gzip")]
            )
        else:
            await request.respond(200, self._files[name].read_bytes(), headers)


def routes(viewer_folder: Path) -> list[Route]:
    """All static routes; showing the program itself needs no right, its data does."""
    pages, viewer = Pages(), Viewer(viewer_folder)
    made = [Route("GET", path, Action.VERIFY, pages.page) for path in _PAGE_FILES]
    made += [
        Route("GET", path, Action.VERIFY, viewer.file)
        for path in ("/viewer", "/viewer/{path:path}")
    ]
    return made
