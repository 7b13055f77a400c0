"""Where everything lies in one data folder, and the secrets that are made once."""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from isocenter.errors import Conflict
from isocenter.runtime.run_folder import run_folder_of


@dataclass(frozen=True, slots=True)
class Layout:
    """The data folder of one embedded platform."""

    data: Path

    @property
    def archive(self) -> Path:
        """Objects and journal: the truth. All else can be made again, but `config`."""
        return self.data / "archive"

    @property
    def index(self) -> Path:
        """The search index."""
        return self.data / "index"

    @property
    def bus(self) -> Path:
        """The broker's store."""
        return self.data / "bus"

    @property
    def logs(self) -> Path:
        """One file for each process."""
        return self.data / "logs"

    @property
    def config(self) -> Path:
        """Users, AE list, certificates, secrets: written by people, kept for ever."""
        return self.data / "config"

    @property
    def run(self) -> Path:
        """Sockets and the address file of the running platform."""
        return run_folder_of(self.data)

    @property
    def address_file(self) -> Path:
        """How the command line finds the running platform."""
        return self.data / "platform.json"

    @property
    def backends_file(self) -> Path:
        """How commands find the servers of a running cluster platform; holds their secrets."""
        return self.run / "backends.json"

    @property
    def cluster_file(self) -> Path:
        """There when servers keep everything, and not `archive` and `index`."""
        return self.data / "cluster"

    def make(self, *, is_cluster: bool = False) -> None:
        """Create the folders, readable by their owner only; one that is there keeps its mode.

        Raises Conflict when the folder is the other profile's.
        """
        if (self.archive if is_cluster else self.cluster_file).exists():
            other = "embedded" if is_cluster else "cluster"
            raise Conflict(f"{self.data} is of the {other} profile: name another data folder")
        self.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        own = () if is_cluster else (self.archive, self.index)
        if is_cluster:
            self.cluster_file.touch(mode=0o600)
        for folder in (*own, self.bus, self.logs, self.config, self.run):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def secret(self, name: str) -> str:
        """A random secret, made at the first call and kept."""
        path = self.config / "secrets.json"
        known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        if name not in known:
            known[name] = secrets.token_urlsafe(32)
            fresh = path.with_suffix(".new")
            fresh.touch(mode=0o600)
            fresh.write_text(json.dumps(known))
            fresh.replace(path)
        return known[name]


def default_data_folder() -> Path:
    """`$XDG_DATA_HOME/isocenter`, usually `~/.local/share/isocenter`."""
    home = os.environ.get("XDG_DATA_HOME", "")  # noqa: TID251  (the user's own folder, not a setting)
    return (Path(home) if home else Path.home() / ".local" / "share") / "isocenter"
