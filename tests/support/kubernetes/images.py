"""Images for a node: of the checkout, of the back-ends' cached programs, and what holds a pod's namespaces."""

import subprocess
from pathlib import Path

from tests.support.charts.tools import ROOT
from tests.support.kubernetes.cluster import programs

IMAGES = ROOT / "tests" / "support" / "images"
BUILD_WITHIN_S = 1800


def built(script: str, *words: object) -> Path:
    """Run a script that builds an image, or finds it built; gives the archive."""
    command = [str(IMAGES / script), *map(str, words)]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=BUILD_WITHIN_S
    )
    return Path(done.stdout.split()[-1])


def link_images(folder: Path) -> Path:
    """A folder of links to all archives that a node needs."""
    links = folder / "images"
    links.mkdir()
    archives = [built("pause.sh", programs() / "pause"), built("isocenter.sh")]
    archives += [built("servers.sh", name) for name in ("minio", "nats", "opensearch")]
    for archive in archives:
        (links / archive.name).symlink_to(archive)
    return links
