"""Where the servers are that the cluster profile starts and the product does not bring: MinIO and OpenSearch."""

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from isocenter.errors import Unavailable

OLDEST_JAVA = 21  # 17 cannot load OpenSearch


@dataclass(frozen=True, slots=True)
class Programs:
    """What was found on this machine."""

    minio: Path
    opensearch: Path  # its home folder
    java: Path


def find_programs(minio: Path | None = None, opensearch: Path | None = None) -> Programs:
    """Take what is given, else what `make setup` installed; raises Unavailable that names all that is missing."""
    found = {
        "MinIO (--minio)": minio or _on_path("minio") or _newest("minio-*/minio"),
        "OpenSearch (--opensearch)": opensearch or _home(_newest("opensearch-*/installed")),
        f"Java {OLDEST_JAVA} or newer (JAVA_HOME)": find_java(),
    }
    missing = [name for name, path in found.items() if path is None or not path.exists()]
    if missing:
        raise Unavailable(
            f"the cluster profile needs {' and '.join(missing)}; `make setup` in a checkout installs the servers"
        )
    return Programs(*(path.absolute() for path in found.values() if path is not None))


def find_java() -> Path | None:
    """Look where JAVA_HOME says, then where systems install it."""
    named = os.environ.get("JAVA_HOME", "")  # noqa: TID251  (the machine's, not a setting)
    homes = [Path(named)] if named else []
    for home in [*homes, *sorted(Path("/usr/lib/jvm").glob("*"))]:
        release = home / "release"
        text = release.read_text() if release.exists() else ""
        version = re.search(r'JAVA_VERSION="(\d+)', text)
        if version and int(version[1]) >= OLDEST_JAVA and (home / "bin" / "java").exists():
            return home / "bin" / "java"
    return None


def _on_path(name: str) -> Path | None:
    found = shutil.which(name)
    return Path(found) if found else None


def _home(marker: Path | None) -> Path | None:
    return marker.parent if marker else None


def _newest(pattern: str) -> Path | None:
    home = os.environ.get("XDG_CACHE_HOME", "")  # noqa: TID251  (the user's own folder, not a setting)
    cache = (Path(home) if home else Path.home() / ".cache") / "isocenter"
    return max(cache.glob(pattern), default=None)
