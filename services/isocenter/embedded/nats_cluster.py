"""Several nats-servers that are one broker: the configuration of each, with an account for each site.

A site's user may say what happened at its own site and nothing else, and sees nothing of the others: accounts do not
share subjects, and what a user may publish is listed, made from the catalogue. No user may delete or purge a stream.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from isocenter.adapters.bus.streams import MAX_STREAM_BYTES, streams
from isocenter.embedded.nats_server import bounds_and_store, quoted, write_configuration
from isocenter.errors import InvalidRequest
from isocenter.events.catalog import check_site

ROUTE_USER = "route"  # routes know no tokens, only users with passwords
ADMINISTRATOR = "administrator"
SPARE = 2  # room in the store for streams that the next version adds


@dataclass(frozen=True, slots=True)
class SiteAccount:
    """One site on the broker: its user is named after the account, which is named after the site."""

    site: str
    password: str
    account: str = ""

    @property
    def user(self) -> str:
        """Name to connect with."""
        return self.account or self.site

    def text(self, replicas: int) -> str:
        """Give the account's part of the configuration."""
        may_publish = ", ".join(quoted(subject) for subject in publishable(self.site))
        return f"""  {quoted(self.user)} {{
    jetstream {{ max_file: {store_bytes(self.site) * replicas}, max_memory: 0 }}
    users: [{{
      user: {quoted(self.user)}, password: {quoted(self.password)}
      permissions {{ publish {{ allow: [{may_publish}] }}, subscribe {{ allow: ["_INBOX.>"] }} }}
    }}]
  }}
"""


@dataclass(frozen=True, slots=True)
class ClusterNode:
    """One server of a cluster; `monitor_port` 0 leaves its monitoring page out."""

    name: str
    store_folder: Path
    port: int
    route_port: int
    monitor_port: int = 0
    address: str = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class NatsCluster:
    """Servers that keep every stream on as many of them as `replicas` says. A majority has to run."""

    nodes: tuple[ClusterNode, ...]
    sites: tuple[SiteAccount, ...]
    route_password: str
    administrator_password: str
    replicas: int = 3

    def __post_init__(self) -> None:
        names = {node.name for node in self.nodes}
        users = {site.user for site in self.sites} - {ADMINISTRATOR}
        if len(names) != len(self.nodes) or len(users) != len(self.sites):
            raise InvalidRequest("nodes and sites of a cluster have names of their own")
        if not 1 <= self.replicas <= len(self.nodes):
            raise InvalidRequest("there are as many replicas as servers at most")

    @property
    def url(self) -> str:
        """All addresses, for `ISOCENTER_BUS_URL`."""
        return "nats://" + ",".join(f"{node.address}:{node.port}" for node in self.nodes)

    def configuration(self, node: ClusterNode) -> str:
        """Give the text of one node's configuration file; it holds all passwords."""
        store_bytes_ = sum(store_bytes(site.site) for site in self.sites)
        monitor = f"http: {_address(node, node.monitor_port)}\n" if node.monitor_port else ""
        accounts = "".join(site.text(self.replicas) for site in self.sites)
        return f"""# Written at every start.
listen: {_address(node, node.port)}
{monitor}server_name: {quoted(node.name)}
{bounds_and_store(node.store_folder, store_bytes_)}cluster {{
  name: "isocenter"
  listen: {_address(node, node.route_port)}
  authorization {{ user: {quoted(ROUTE_USER)}, password: {quoted(self.route_password)}, timeout: 5 }}
  routes: [{", ".join(quoted(route) for route in self._routes(node))}]
}}
accounts {{
  $SYS {{ users: [{{ user: {ADMINISTRATOR}, password: {quoted(self.administrator_password)} }}] }}
{accounts}}}
"""

    def write(self, node: ClusterNode, path: Path) -> list[str]:
        """Write one node's configuration, readable by its owner only, and return the command that runs it."""
        return write_configuration(path, self.configuration(node), node.store_folder)

    def _routes(self, node: ClusterNode) -> Iterator[str]:
        """Addresses of the others, with what they ask for."""
        proof = f"{ROUTE_USER}:{quote(self.route_password, safe='')}"
        for other in self.nodes:
            if other is not node:
                yield f"nats-route://{proof}@{other.address}:{other.route_port}"


def store_bytes(site: str) -> int:
    """Give the room that one copy of a site's streams may take."""
    return SPARE * len(streams(site)) * MAX_STREAM_BYTES


def publishable(site: str) -> Iterator[str]:
    """Subjects a site's user may publish on: its own facts, and what making and reading its own streams takes."""
    yield f"isocenter.v1.{check_site(site)}.>"
    for stream in (spec.name for spec in streams(site)):
        for verb in ("CREATE", "UPDATE", "INFO"):
            yield f"$JS.API.STREAM.{verb}.{stream}"
        for verb in ("DURABLE.CREATE", "INFO", "MSG.NEXT"):
            yield f"$JS.API.CONSUMER.{verb}.{stream}.*"
        yield f"$JS.API.CONSUMER.LIST.{stream}"
        yield f"$JS.ACK.{stream}.>"


def _address(node: ClusterNode, port: int) -> str:
    return quoted(f"{node.address}:{port}")
