"""Images for a node: of the checkout, of the back-ends' cached programs, and what holds a pod's namespaces."""

import subprocess
import tarfile
from io import BytesIO
from pathlib import Path

from tests.support.charts.tools import ROOT
from tests.support.kubernetes.cluster import programs

IMAGES = ROOT / "tests" / "support" / "images"
BUILD_WITHIN_S = 1800
# before C-FIND, C-GET and C-MOVE: what is upgraded from
EARLIER = "70adb5a13fdc4ba46bfe72ad0248a0b1cbcf2ed0"
EARLIER_TAG = "earlier"


def built(script: str, *words: object) -> Path:
    """Run a script that builds an image, or finds it built; gives the archive."""
    command = [str(IMAGES / script), *map(str, words)]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=BUILD_WITHIN_S
    )
    return Path(done.stdout.split()[-1])


def earlier(folder: Path) -> Path:
    """The image of an earlier commit."""
    sources = taken_out(folder / "earlier", "pyproject.toml", "README.md", "services")
    return built("isocenter.sh", sources, f"localhost/isocenter:{EARLIER_TAG}")


def earlier_chart(folder: Path) -> Path:
    """The chart of that commit, which knows its image's services and settings."""
    return taken_out(folder / "earlier-chart", "charts/isocenter") / "charts" / "isocenter"


def taken_out(folder: Path, *parts: str) -> Path:
    """Parts of the earlier commit, out of the clone's history."""
    folder.mkdir()
    command = ["git", "-C", str(ROOT), "archive", EARLIER, *parts]
    content = subprocess.run(command, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=BytesIO(content)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def link_images(folder: Path) -> Path:
    """A folder of links to all archives that a node needs."""
    links = folder / "images"
    links.mkdir()
    archives = [built("pause.sh", programs() / "pause"), built("isocenter.sh"), earlier(folder)]
    archives += [built("servers.sh", name) for name in ("minio", "nats", "opensearch")]
    for archive in archives:
        (links / archive.name).symlink_to(archive)
    return links
