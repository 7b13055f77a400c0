"""The page's and the viewer's files over a real server."""

import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from tests.support.web import serving

from isocenter.streaming.static_routes import routes

SCRIPT = "app.bundle.0123456789abcdef.js"
CODE = b"run();" * 100


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small viewer, with a secret beside it."""
    viewer = tmp_path / "viewer"
    (viewer / "assets").mkdir(parents=True)
    for name, content in {
        "index.html": b"<html>viewer</html>",
        SCRIPT: CODE,
        f"{SCRIPT}.gz": gzip.compress(CODE),
        "0ddf166f7a343eda.wasm": b"\0asm",
        "app.bundle.css": b"a {}",
        "assets/logo.png": b"png",
        "app-config.js": b"window.config = 'theirs'",
        "VERSION": b"3.13.2 0123",
    }.items():
        (viewer / name).write_bytes(content)
    (tmp_path / "secret.txt").write_text("secret")
    return viewer


@asynccontextmanager
async def client(viewer: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(routes(viewer, viewer.parent / "quick")) as server:
        base = f"http://127.0.0.1:{server.port}"
        async with httpx.AsyncClient(base_url=base) as http:
            yield http


async def test_the_page_allows_nothing_from_elsewhere(folder: Path) -> None:
    async with client(folder) as http:
        page = await http.get("/")
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        policy = page.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        for name in ("page.css", "page.js", "worklist.js", "panels.js", "dom.js"):
            answer = await http.get(f"/{name}")
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith(("text/css", "text/javascript"))
        assert (await http.get("/app-config.js")).status_code == 404


async def test_what_a_browser_has_is_not_sent_again(folder: Path) -> None:
    async with client(folder) as http:
        for path in ("/", "/page.js", "/viewer/", "/viewer/app.bundle.css"):
            first = await http.get(path)
            assert first.headers["cache-control"] == "no-cache"
            etag = first.headers["etag"]
            again = await http.get(path, headers={"If-None-Match": f'"other", W/{etag}'})
            assert (again.status_code, again.content) == (304, b"")
            assert (await http.get(path, headers={"If-None-Match": '"other"'})).status_code == 200


async def test_files_named_by_their_content_are_kept_for_ever(folder: Path) -> None:
    async with client(folder) as http:
        for name in (SCRIPT, "0ddf166f7a343eda.wasm"):
            assert "immutable" in (await http.get(f"/viewer/{name}")).headers["cache-control"]
        wasm = await http.get("/viewer/0ddf166f7a343eda.wasm")
        assert wasm.headers["content-type"] == "application/wasm"


async def test_files_come_as_they_were_packed_to_those_who_read_that(folder: Path) -> None:
    async with client(folder) as http:
        packed = await http.get(f"/viewer/{SCRIPT}", headers={"Accept-Encoding": "gzip, br"})
        plain = await http.get(f"/viewer/{SCRIPT}", headers={"Accept-Encoding": "identity"})
        assert packed.content == plain.content == CODE
        assert packed.headers["content-encoding"] == "gzip"
        assert "content-encoding" not in plain.headers
        assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
        assert packed.headers["etag"] != plain.headers["etag"]


async def test_the_viewers_own_addresses_get_its_start_page(folder: Path) -> None:
    async with client(folder) as http:
        for path in ("/viewer", "/viewer/", "/viewer/viewer?StudyInstanceUIDs=1.2", "/viewer/a/b"):
            answer = await http.get(path)
            assert (answer.status_code, answer.text) == (200, "<html>viewer</html>")
        assert (await http.get("/viewer/no.js")).status_code == 404


async def test_the_configuration_is_ours(folder: Path) -> None:
    async with client(folder) as http:
        assert "samepatientas" in (await http.get("/viewer/app-config.js")).text


@pytest.mark.parametrize(
    "path", ["../secret.txt", "%2e%2e/secret.txt", "..%2fsecret.txt", "assets/../../secret.txt", "%2e%2e%5csecret.txt"]
)  # fmt: skip
async def test_nothing_outside_the_folder_is_reached(folder: Path, path: str) -> None:
    async with client(folder) as http:
        address = httpx.URL(str(http.base_url)).copy_with(raw_path=f"/viewer/{path}".encode())
        answer = await http.get(address)
        assert answer.status_code in (400, 404)
        assert "secret" not in answer.text


@pytest.fixture
def quick(tmp_path: Path) -> Path:
    """A small quick viewer, where the platform looks for it."""
    folder = tmp_path / "quick"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<html>quick</html>")
    (folder / "assets" / f"index.{'0' * 16}.js").write_bytes(CODE)
    (folder / "VERSION").write_text("0123456789abcdef")
    return folder


async def test_the_quick_viewer_has_its_own_place_and_a_stricter_policy(
    folder: Path, quick: Path
) -> None:
    del quick
    async with client(folder) as http:
        for path in ("/quick", "/quick/", "/quick/?study=1.2"):
            answer = await http.get(path)
            assert (answer.status_code, answer.text) == (200, "<html>quick</html>")
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "'unsafe-eval'" not in policy
        assert "style-src 'self';" in policy
        script = await http.get(f"/quick/assets/index.{'0' * 16}.js")
        assert (script.content, "immutable" in script.headers["cache-control"]) == (CODE, True)
        assert (await http.get("/quick/app-config.js")).status_code == 404
        assert (await http.get("/quick/%2e%2e/secret.txt")).status_code in (400, 404)
        assert (await http.get("/api/about")).json()["quick"] == "0123456789abcdef"


async def test_a_platform_without_a_viewer_says_how_to_get_it(tmp_path: Path) -> None:
    async with client(tmp_path / "none") as http:
        for path in ("/viewer/", "/quick/"):
            answer = await http.get(path)
            assert answer.status_code == 404
            assert "make setup" in answer.text
        about = (await http.get("/api/about")).json()
        assert (about["viewer"], about["quick"]) == ("", "")
        assert (await http.get("/")).status_code == 200


async def test_versions_are_told(folder: Path) -> None:
    async with client(folder) as http:
        about = (await http.get("/api/about")).json()
        assert about["viewer"] == "3.13.2"
        assert about["version"]


async def test_a_viewer_installed_anew_under_a_running_platform_is_told(folder: Path) -> None:
    async with client(folder) as http:
        (folder / "assets" / "logo.png").unlink()
        assert (await http.get("/viewer/assets/logo.png")).status_code == 404
