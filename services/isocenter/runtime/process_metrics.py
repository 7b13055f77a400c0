"""What the operating system says of this process, under the names Prometheus' own clients use, and of its disk."""

import os
import resource
import shutil
import time
from contextlib import suppress
from pathlib import Path

from isocenter.runtime.exposition import Family, Sample

_STARTED_S = time.time()
_PROC = Path("/proc/self")


def process_families(data_folder: Path) -> list[Family]:
    """As it is now; what this system does not tell is left out."""
    used = os.times()
    families = [
        _one("process_cpu_seconds_total", "counter", "CPU time used.", used.user + used.system),
        _one("process_start_time_seconds", "gauge", "Start, seconds since 1970.", _STARTED_S),
    ]
    with suppress(OSError):
        pages = int((_PROC / "statm").read_text().split()[1])
        families += [
            _one(
                "process_resident_memory_bytes",
                "gauge",
                "Memory in use.",
                pages * resource.getpagesize(),
            ),
            _one(
                "process_open_fds", "gauge", "Open files.", sum(1 for _ in (_PROC / "fd").iterdir())
            ),
            _one("process_max_fds", "gauge", "Files that may be open.", _max_open_files()),
        ]
    with suppress(OSError):
        free = shutil.disk_usage(data_folder).free
        families.append(
            _one("isocenter_disk_free_bytes", "gauge", "Room left for the data folder.", free)
        )
    return families


def _max_open_files() -> float:
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def _one(name: str, kind: str, text: str, value: float) -> Family:
    return Family(name, kind, text, [Sample(name, (), float(value))])
