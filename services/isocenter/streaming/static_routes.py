"""The worklist at `/`, the viewers at `/viewer` and `/quick`, from files; nothing comes from outside this server."""

import json
import mimetypes
import re
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from isocenter.errors import NotFound
from isocenter.runtime.caller import Action
from isocenter.runtime.web import Headers, Request, Route
from isocenter.streaming.web.install_viewer import installed_version

# OHIF compiles its codecs (wasm) and starts workers from blobs; the page itself needs neither
_SANDBOX = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; worker-src 'self' blob:; connect-src 'self' blob: data:; font-src 'self' data:; "
    "object-src 'self' blob:; frame-src 'self' blob:; base-uri 'self'; frame-ancestors 'self'"
)
# the codec is WebAssembly; the drawing library sets styles on what it draws, and cursors from blobs
_QUICK_SANDBOX = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; "
    "style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data: blob:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)
_PAGE_SANDBOX = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
_WEB = Path(str(files("isocenter.streaming.web")))
_PAGE_FILES = {
    "/": "page.html",
    "/header": "header.html",
    **{
        f"/{name}": name
        for name in ("page.css", "page.js", "worklist.js", "panels.js", "dom.js", "header.js")
    },
}
_CONFIGURATION = "app-config.js"  # ours: never the one that came with the viewer
_HASHED = re.compile(r"(^|[./])[0-9a-f]{16}\.")  # a name that changes with the content
_NO_VIEWER = b"The viewer is not installed here. Install Node.js 20 or newer and run: make setup\n"
_KINDS = {".js": "text/javascript", ".wasm": "application/wasm", ".woff2": "font/woff2"}


def _headers(name: str, sandbox: str) -> list[tuple[str, str]]:
    kind = _KINDS.get(Path(name).suffix) or mimetypes.guess_type(name)[0]
    charset = "; charset=utf-8" if kind and kind.startswith("text/") else ""
    caching = "public, max-age=31536000, immutable" if _HASHED.search(name) else "no-cache"
    return [
        ("Content-Type", (kind or "application/octet-stream") + charset),
        ("Cache-Control", caching),
        ("Content-Security-Policy", sandbox),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "same-origin"),
    ]


def _knows(request: Request, etag: str) -> bool:
    """Whether the client has this very content already (RFC 9110 13.1.2)."""
    told = request.headers.get("if-none-match", "")
    return etag in (tag.strip().removeprefix("W/") for tag in told.split(","))


async def _not_modified(request: Request, headers: Headers) -> None:
    kept = [field for field in headers if field[0] in ("Cache-Control", "ETag", "Vary")]
    await request.start(304, kept)
    await request.write(b"", more=False)


class Pages:
    """The page's files, read once."""

    def __init__(self) -> None:
        self._content = {path: (_WEB / name).read_bytes() for path, name in _PAGE_FILES.items()}
        self._etags = {
            path: f'"{sha256(content).hexdigest()[:16]}"' for path, content in self._content.items()
        }

    async def page(self, request: Request) -> None:
        """Answer `/` or one of its files."""
        etag = self._etags[request.path]
        headers = [*_headers(_PAGE_FILES[request.path], _PAGE_SANDBOX), ("ETag", etag)]
        if _knows(request, etag):
            await _not_modified(request, headers)
        else:
            await request.respond(200, self._content[request.path], headers)


class Viewer:
    """An installed viewer's folder; its paths are listed once, so no request reaches outside it."""

    def __init__(self, folder: Path, sandbox: str, *, configured: bool = False) -> None:
        self._sandbox = sandbox
        self._files = {
            path.relative_to(folder).as_posix(): path
            for path in (folder.rglob("*") if folder.is_dir() else ())
            if path.is_file()
        }
        self.version = installed_version(folder).partition(" ")[0] if self._files else ""
        if self._files and configured:
            self._files.pop(f"{_CONFIGURATION}.gz", None)
            self._files[_CONFIGURATION] = _WEB / _CONFIGURATION

    async def file(self, request: Request) -> None:
        """Answer a file, precompressed where it can be; a path of the application itself gets its start page."""
        if not self._files:
            await request.respond(404, _NO_VIEWER, [("Content-Type", "text/plain; charset=utf-8")])
            return
        name = self._name(request.params.get("path", ""))
        packed = self._files.get(f"{name}.gz")
        if "gzip" not in request.headers.get("accept-encoding", ""):
            packed = None
        path = packed or self._files[name]
        try:
            status = path.stat()
            etag = f'"{status.st_mtime_ns:x}-{status.st_size:x}"'
            content = b"" if _knows(request, etag) else path.read_bytes()
        except FileNotFoundError as error:
            raise NotFound("the viewer was installed anew: start the platform again") from error
        headers = [*_headers(name, self._sandbox), ("Vary", "Accept-Encoding"), ("ETag", etag)]
        if _knows(request, etag):
            await _not_modified(request, headers)
            return
        if packed is not None:
            headers.append(("Content-Encoding", "gzip"))
        await request.respond(200, content, headers)

    def _name(self, path: str) -> str:
        if path in self._files:
            return path
        if "." in path.rsplit("/", 1)[-1]:
            raise NotFound("no such file in the viewer")
        return "index.html"


def routes(viewer_folder: Path, quick_folder: Path) -> list[Route]:
    """All static routes. Whoever may do anything at all may see the program; nobody else, so that browsers ask who."""
    pages = Pages()
    viewer = Viewer(viewer_folder, _SANDBOX, configured=True)
    quick = Viewer(quick_folder, _QUICK_SANDBOX)
    about = {"version": version("isocenter"), "viewer": viewer.version, "quick": quick.version}

    async def tell(request: Request) -> None:
        headers = [("Content-Type", "application/json"), ("Cache-Control", "no-store")]
        caller = {"name": request.caller.name, "method": request.caller.method}
        await request.respond(200, json.dumps({**about, "caller": caller}).encode(), headers)

    made = [Route("GET", path, Action.VERIFY, pages.page) for path in _PAGE_FILES]
    made += [
        Route("GET", path, Action.VERIFY, one.file)
        for name, one in (("/viewer", viewer), ("/quick", quick))
        for path in (name, f"{name}/{{path:path}}")
    ]
    return [*made, Route("GET", "/api/about", Action.VERIFY, tell)]
