"""Build the quick viewer from its sources in `quick/`, precompressed, into the environment.

Run by `make setup`; builds again only when a source, the lock or this recipe has changed. Without npm it says that the
quick viewer is left out and succeeds: the platform runs without it. With `--check` it checks types and runs the
sources' own tests instead.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from isocenter.streaming.web.install_viewer import compress, installed_version

SOURCES = Path(__file__).parent / "quick"
_NOT_SOURCES = {"node_modules", "build", "dist", "tests"}
_LEFT_OUT = "Node.js is not here: the quick viewer at /quick is left out, all else works.\n"


def quick_folder() -> Path:
    """Where the quick viewer lies once installed: in the environment, not in the source tree."""
    return Path(sys.prefix) / "share" / "isocenter" / "quick"


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name in _NOT_SOURCES:
            continue
        if path.is_dir():
            yield from _files(path)
        else:
            yield path


def stamp_text(sources: Path) -> str:
    """What the stamp says when these very sources were built by this very recipe."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for path in _files(sources):
        digest.update(f"\0{path.relative_to(sources).as_posix()}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _npm(sources: Path, *words: str) -> None:
    npm = shutil.which("npm") or "npm"
    done = subprocess.run(  # noqa: S603
        [npm, *words], check=False, cwd=sources, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"npm {' '.join(words)} failed:\n{done.stdout}{done.stderr}")


def _get_modules(sources: Path) -> None:
    """What the lock names, unless it is here already."""
    locked = hashlib.sha256((sources / "package-lock.json").read_bytes()).hexdigest()
    stamp = sources / "node_modules" / ".installed"
    if not stamp.exists() or stamp.read_text() != locked:
        _npm(sources, "ci", "--silent", "--ignore-scripts")
        stamp.write_text(locked)


def install(sources: Path, target: Path) -> None:
    """Build into `target`, whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    _get_modules(sources)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        fresh = Path(scratch) / "quick"
        words = ("--outDir", str(fresh), "--emptyOutDir", "--logLevel", "error")
        _npm(sources, "run", "--silent", "build", "--", *words)
        compress(fresh)
        (fresh / "VERSION").write_text(stamp_text(sources))
        shutil.rmtree(target, ignore_errors=True)
        fresh.rename(target)


def main(words: list[str]) -> int:
    """Install when needed, or check; says what it did."""
    if not SOURCES.is_dir():
        return 0  # an installed package: an image has what was built already
    if not words and installed_version(quick_folder()) == stamp_text(SOURCES):
        return 0
    if shutil.which("npm") is None:
        sys.stderr.write(_LEFT_OUT)
        return 0
    if words == ["--check"]:
        _get_modules(SOURCES)
        _npm(SOURCES, "run", "--silent", "types")
        _npm(SOURCES, "test", "--silent")
        return 0
    install(SOURCES, quick_folder())
    sys.stderr.write("quick viewer: built and installed\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
