"""One line of the AE list: what an application entity may do from where, and how it is reached.

As a mapping it has the names it has in the file, in the API and in the command line; `ae_list.py` shows them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from isocenter.dimse.ae_title import is_valid_ae_title
from isocenter.errors import InvalidRequest
from isocenter.runtime.caller import Action

_TEXTS = frozenset({"title", "address", "tls_subject"})
_FLAGS = frozenset({"may_send", "may_ask", "tls"})
_OTHERS = frozenset({"port", "moves_to"})
_MAX_PORT = 0xFFFF


@dataclass(frozen=True, slots=True)
class AeEntry:
    """One line of the list; `network` None is anywhere, an empty `tls_subject` is any or no certificate."""

    title: str
    network: IPv4Network | IPv6Network | None
    may_send: bool
    may_ask: bool
    tls_subject: str = ""
    port: int = 0  # 0: nothing can be moved there
    moves_to: tuple[str, ...] | None = None
    tls: bool = False  # where it listens

    def is_from(self, address: str, tls_subject: str) -> bool:
        """Tell whether a connection can be this entry's."""
        if self.tls_subject and self.tls_subject != tls_subject:
            return False
        return self.network is None or ip_address(address) in self.network

    @property
    def may(self) -> frozenset[Action]:
        """What it may do; verification always."""
        sends = {Action.STORE} if self.may_send else set()
        asks = {Action.QUERY, Action.RETRIEVE} if self.may_ask else set()
        return frozenset({Action.VERIFY, *sends, *asks})

    @property
    def address(self) -> str:
        """As it is written: one address or a network; empty is anywhere."""
        if self.network is None:
            return ""
        is_one = self.network.num_addresses == 1
        return str(self.network.network_address) if is_one else str(self.network)

    def as_mapping(self) -> dict[str, Any]:
        """What `read_entry` reads; what says nothing is left out."""
        said: dict[str, Any] = {
            "title": self.title,
            "address": self.address,
            "port": self.port,
            "may_send": self.may_send,
            "may_ask": self.may_ask,
            "tls": self.tls,
            "tls_subject": self.tls_subject,
        }
        kept = {name: value for name, value in said.items() if value}
        return kept if self.moves_to is None else {**kept, "moves_to": list(self.moves_to)}


def read_entry(table: object, number: int) -> AeEntry:
    """Check one entry; raises InvalidRequest naming its `number`."""
    if not isinstance(table, Mapping) or not set(table) <= _TEXTS | _FLAGS | _OTHERS:
        raise InvalidRequest("an entry of the AE list has unknown keys", entry=number)
    for key, value in table.items():
        if key not in _OTHERS and not isinstance(value, str if key in _TEXTS else bool):
            raise InvalidRequest("a value in the AE list has the wrong type", entry=number)
    title = table.get("title", "")
    if not is_valid_ae_title(title):
        raise InvalidRequest("an entry of the AE list has no valid title", entry=number)
    network = _network(table.get("address", ""), number)
    return AeEntry(
        title=title,
        network=network,
        may_send=table.get("may_send", False),
        may_ask=table.get("may_ask", False),
        tls_subject=table.get("tls_subject", ""),
        port=_port(table.get("port", 0), network, number),
        moves_to=_titles(table.get("moves_to"), number),
        tls=table.get("tls", False),
    )


def _port(port: object, network: IPv4Network | IPv6Network | None, number: int) -> int:
    if not isinstance(port, int) or isinstance(port, bool) or not 0 <= port <= _MAX_PORT:
        raise InvalidRequest("a port in the AE list is no port", entry=number)
    if port and (network is None or network.num_addresses != 1):
        raise InvalidRequest("a destination in the AE list needs one address", entry=number)
    return port


def _titles(titles: object, number: int) -> tuple[str, ...] | None:
    if titles is None:
        return None
    if not isinstance(titles, list) or not all(
        isinstance(title, str) and is_valid_ae_title(title) for title in titles
    ):
        raise InvalidRequest("moves_to in the AE list is no list of titles", entry=number)
    return tuple(titles)


def _network(address: str, number: int) -> IPv4Network | IPv6Network | None:
    if not address:
        return None
    try:
        return ip_network(address, strict=False)
    except ValueError:
        raise InvalidRequest("an address in the AE list is no IP address", entry=number) from None
