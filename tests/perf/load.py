"""Reading under load: wrk drives a list of paths over keep-alive connections; its own cost is small."""

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.perf.peers import Peer

SCRIPT = """
local paths = {{}}
for line in io.lines("{paths}") do paths[#paths + 1] = line end
local thread_number = 0
function setup(thread) thread:set("offset", thread_number * 7919); thread_number = thread_number + 1 end
function init(args) at = offset or 0 end
function request()
  at = at + 1
  return wrk.format("GET", paths[at % #paths + 1], {{["Accept"] = "{accept}"}})
end
function done(summary, latency, requests)
  io.write(string.format("RESULT %d %d %d %d %d %d\\n", summary.requests, summary.duration, summary.bytes,
    latency:percentile(50), latency:percentile(95), summary.errors.status + summary.errors.read + summary.errors.timeout
    + summary.errors.connect + summary.errors.write))
end
"""


@dataclass(frozen=True, slots=True)
class Load:
    """What came of it."""

    rate: float  # answers a second
    mb_per_s: float
    p50_ms: float
    p95_ms: float
    failures: int
    cpu_ms: float  # of the server, for each answer


def run(peer: Peer, paths: list[str], accept: str, *, clients: int, seconds: int) -> Load:
    """Ask for the paths in turn from `clients` connections."""
    with tempfile.TemporaryDirectory() as scratch:
        listing, script = Path(scratch) / "paths", Path(scratch) / "load.lua"
        listing.write_text("\n".join(paths) + "\n")
        script.write_text(SCRIPT.format(paths=listing, accept=accept.replace('"', '\\"')))
        before = peer.cpu_s()
        command = [
            "wrk",
            "-t",
            "1",
            "-c",
            str(clients),
            "-d",
            f"{seconds}s",
            "-s",
            str(script),
            peer.url,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        cpu = peer.cpu_s() - before
    found = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)", done.stdout)
    if found is None:
        raise RuntimeError(done.stdout + done.stderr)
    requests, micros, size, p50, p95, failures = map(int, found.groups())
    seconds_taken = micros / 1e6
    return Load(
        requests / seconds_taken,
        size / seconds_taken / 1e6,
        p50 / 1000,
        p95 / 1000,
        failures,
        cpu * 1000 / max(requests, 1),
    )
