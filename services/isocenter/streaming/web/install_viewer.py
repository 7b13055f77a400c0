"""Install the full viewer: OHIF's own build from its package, pinned, pruned, mended, moved to /viewer, precompressed.

Its configuration is not installed: the server gives out ours. Run by `make setup`. Without npm it says that the viewer
is left out and succeeds: the platform runs without it.
"""

import base64
import gzip
import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PACKAGE = "@ohif/app"
VERSION = "3.13.2"
INTEGRITY = (
    "WZdxmpmG7rqFgW9ZJLcbgr3XCtLi1KDNPoMaeY5PPe6j4G4fjEjjkycZM6C6Zk2F87BKxFfpq+jd5xXZB9E8EA=="
)
BASE = "/viewer/"
# 136 MB of machine learning runtime and 20 MB of microscopy that no mode here opens; maps are for its developers
PRUNED_FOLDERS = ("ort", "dicom-microscopy-viewer")
# service workers, which call outside, and sign-in at a cloud
PRUNED_FILES = (
    "sw.js",
    "init-service-worker.js",
    "google.js",
    "silent-refresh.html",
    "oidc-client.min.js",
)
PRUNED_SUFFIXES = (".map",)
_SERVICE_WORKER = (
    '<script rel="preload" as="script" type="module" src="/init-service-worker.js"></script>'
)
# (files, what is wrong, mended): a study whose Modality is empty breaks its worklist, a report's item without a
# concept name, which a report may have for its images, the whole page
_MENDED = (
    (
        "app.bundle.*.js",
        "i < ModalitiesInStudy.Value.length",
        "i < (ModalitiesInStudy.Value?.length ?? 0)",
    ),
    (
        "*.bundle.*.js",
        "CodeValue,\n    CodeMeaning\n  } = ConceptNameCodeSequence;",
        "CodeValue,\n    CodeMeaning\n  } = ConceptNameCodeSequence ?? {};",
    ),
    ("index.html", _SERVICE_WORKER, ""),
)
COMPRESSED_SUFFIXES = (".js", ".css", ".wasm", ".json", ".html", ".svg")


def viewer_folder() -> Path:
    """Where the viewer lies once installed: in the environment, not in the source tree."""
    return Path(sys.prefix) / "share" / "isocenter" / "viewer"


def installed_version(folder: Path) -> str:
    """Version that is installed there, or an empty text."""
    stamp = folder / "VERSION"
    return stamp.read_text() if stamp.exists() else ""


def stamp_text() -> str:
    """What the stamp says when this very recipe made the folder."""
    recipe = Path(__file__).read_bytes()
    return f"{VERSION} {hashlib.sha256(recipe).hexdigest()[:16]}"


def fetch(folder: Path) -> Path:
    """Get the package through npm and check that it is the one this was written for."""
    npm = shutil.which("npm") or "npm"
    command = [npm, "pack", f"{PACKAGE}@{VERSION}", "--silent", "--pack-destination", str(folder)]
    done = subprocess.run(command, check=False, cwd=folder, stdout=subprocess.DEVNULL)  # noqa: S603
    archive = next(folder.glob("*.tgz"), None)
    if done.returncode or archive is None:
        raise SystemExit(f"npm could not get {PACKAGE} {VERSION}")
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if digest != INTEGRITY:
        raise SystemExit(
            f"{PACKAGE} {VERSION} is not the package this was written for: sha512 differs"
        )
    return archive


def unpack(archive: Path, target: Path) -> None:
    """Take the built files out of the package, without what is pruned."""
    with tarfile.open(archive) as tar:
        for member in tar:
            parts = Path(member.name).parts
            if parts[:2] != ("package", "dist") or not member.isfile():
                continue
            if parts[2] in (*PRUNED_FOLDERS, *PRUNED_FILES) or member.name.endswith(
                PRUNED_SUFFIXES
            ):
                continue
            content = tar.extractfile(member)
            path = target.joinpath(*parts[2:])
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.read() if content else b"")


def mend(target: Path) -> None:
    """Change what would fail or call outside; raises SystemExit when it is not found."""
    for names, old, new in _MENDED:
        found = [(path, path.read_text()) for path in target.glob(names)]
        wrong = [(path, text) for path, text in found if old in text]
        if sum(text.count(old) for _, text in wrong) != 1:
            raise SystemExit(f"{names}: this package is built in another way")
        for path, text in wrong:
            path.write_text(text.replace(old, new))


def move_to_base(target: Path) -> None:
    """Let a build made for `/` live under /viewer/."""
    index = target / "index.html"
    index.write_text(index.read_text().replace('="/', f'="{BASE}'))
    for sheet in target.rglob("*.css"):
        sheet.write_text(sheet.read_text().replace("url(/", f"url({BASE}"))
    replaced = 0
    for script in target.glob("*.bundle.*.js"):  # workers have a public path of their own
        code = script.read_text()
        moved = code.replace('__webpack_require__.p = "/"', f'__webpack_require__.p = "{BASE}"')
        replaced += moved != code
        script.write_text(moved)
    if not replaced:
        raise SystemExit(
            "the viewer's public path was not found: this package is built in another way"
        )


def compress(target: Path) -> None:
    """Write a gzip beside every file that gains by it: the server never compresses them again."""
    for path in sorted(target.rglob("*")):
        if path.suffix in COMPRESSED_SUFFIXES and path.is_file():
            packed = gzip.compress(path.read_bytes(), 9, mtime=0)
            path.with_name(path.name + ".gz").write_bytes(packed)


def install(target: Path) -> None:
    """Install into `target`, whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        fresh = Path(scratch) / "viewer"
        fresh.mkdir()
        unpack(fetch(Path(scratch)), fresh)
        mend(fresh)
        move_to_base(fresh)
        compress(fresh)
        (fresh / "VERSION").write_text(stamp_text())
        shutil.rmtree(target, ignore_errors=True)
        fresh.rename(target)


def main() -> int:
    """Install when needed; says what it did."""
    target = viewer_folder()
    if installed_version(target) == stamp_text():
        return 0
    if shutil.which("npm") is None:
        sys.stderr.write(
            "Node.js is not here: the viewer at /viewer is left out, all else works.\n"
        )
        return 0
    install(target)
    sys.stderr.write(f"viewer: {PACKAGE} {VERSION} installed\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
