"""Installing the viewer, from a small package built like the real one and an npm that hands it out."""

import base64
import gzip
import hashlib
import io
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from isocenter.streaming.web import install_viewer

WORKER = '<script rel="preload" as="script" type="module" src="/init-service-worker.js"></script>'
FILES = {
    "index.html": f'<link href="/assets/a.png">{WORKER}<script src="/app.bundle.0123456789abcdef.js">',
    "app.bundle.0123456789abcdef.js": '__webpack_require__.p = "/"; i < ModalitiesInStudy.Value.length',
    "12.bundle.fedcba9876543210.js": "{\n    CodeValue,\n    CodeMeaning\n  } = ConceptNameCodeSequence;",
    "app.bundle.css": "a { background: url(/assets/a.png) }",
    "assets/a.png": "png",
    "sw.js": "importScripts('https://elsewhere.example/')",
    "init-service-worker.js": "importScripts('https://elsewhere.example/')",
    "ort/big.wasm": "big",
    "app.js.map": "map",
}
NPM = """#!/bin/sh
echo called >> {folder}/calls
[ -e {folder}/package.tgz ] || exit 1
while [ "$1" != --pack-destination ]; do shift; done
cp {folder}/package.tgz "$2"/
"""


@dataclass
class Registry:
    """Where npm gets the package, and where it is to be installed."""

    folder: Path
    target: Path

    def offer(self, files: dict[str, str]) -> str:
        """Hand out a package of these files; returns its integrity."""
        path = self.folder / "package.tgz"
        with tarfile.open(path, "w:gz") as tar:
            for name, text in [
                ("package.json", "{}"),
                *((f"dist/{n}", t) for n, t in files.items()),
            ]:
                member = tarfile.TarInfo(f"package/{name}")
                member.size = len(text)
                tar.addfile(member, io.BytesIO(text.encode()))
        return base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()

    def calls(self) -> int:
        path = self.folder / "calls"
        return len(path.read_text().split()) if path.exists() else 0


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    made = Registry(tmp_path / "npm", tmp_path / "share" / "viewer")
    made.folder.mkdir()
    npm = made.folder / "npm"
    npm.write_text(NPM.format(folder=made.folder))
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{made.folder}:/usr/bin:/bin")
    monkeypatch.setattr(install_viewer, "viewer_folder", lambda: made.target)
    monkeypatch.setattr(install_viewer, "INTEGRITY", made.offer(FILES))
    return made


def test_the_viewer_is_installed_below_its_base_without_what_calls_outside(
    registry: Registry,
) -> None:
    assert install_viewer.main() == 0
    target = registry.target
    index = (target / "index.html").read_text()
    assert (
        index
        == '<link href="/viewer/assets/a.png"><script src="/viewer/app.bundle.0123456789abcdef.js">'
    )
    assert "url(/viewer/assets/a.png)" in (target / "app.bundle.css").read_text()
    script = target / "app.bundle.0123456789abcdef.js"
    assert '__webpack_require__.p = "/viewer/"' in script.read_text()
    assert "Value?.length" in script.read_text()
    assert "?? {}" in (target / "12.bundle.fedcba9876543210.js").read_text()
    assert (
        gzip.decompress(script.with_name(script.name + ".gz").read_bytes()) == script.read_bytes()
    )
    left_out = {"sw.js", "init-service-worker.js", "ort", "app.js.map", "app-config.js"}
    assert not left_out & {path.name for path in target.iterdir()}
    assert install_viewer.installed_version(target).startswith(install_viewer.VERSION)


def test_what_is_installed_is_not_fetched_again(registry: Registry) -> None:
    assert install_viewer.main() == install_viewer.main() == 0
    assert registry.calls() == 1


def test_another_recipe_installs_anew(registry: Registry) -> None:
    install_viewer.main()
    (registry.target / "VERSION").write_text("3.0.0 old")
    (registry.target / "left.js").write_text("of before")
    assert install_viewer.main() == 0
    assert registry.calls() == 2
    assert not (registry.target / "left.js").exists()


def test_without_npm_it_says_so_and_succeeds(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(registry.target))
    assert install_viewer.main() == 0
    assert "left out" in capsys.readouterr().err
    assert not registry.target.exists()


def test_a_tampered_package_is_refused_and_the_old_viewer_stays(registry: Registry) -> None:
    install_viewer.main()
    (registry.target / "VERSION").write_text("3.0.0 old")
    registry.offer(FILES | {"assets/a.png": "evil"})
    with pytest.raises(SystemExit, match="sha512 differs"):
        install_viewer.main()
    assert (registry.target / "assets" / "a.png").read_text() == "png"
    assert [path.name for path in registry.target.parent.iterdir()] == ["viewer"]


def test_a_package_that_cannot_be_fetched_is_told(registry: Registry) -> None:
    (registry.folder / "package.tgz").unlink()
    with pytest.raises(SystemExit, match="npm could not get"):
        install_viewer.main()
    assert not registry.target.exists()


@pytest.mark.parametrize(
    "changed", ["index.html", "app.bundle.0123456789abcdef.js", "12.bundle.fedcba9876543210.js"]
)
def test_a_package_built_in_another_way_is_not_half_installed(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    monkeypatch.setattr(install_viewer, "INTEGRITY", registry.offer(FILES | {changed: "other"}))
    with pytest.raises(SystemExit, match="built in another way"):
        install_viewer.main()
    assert not registry.target.exists()
