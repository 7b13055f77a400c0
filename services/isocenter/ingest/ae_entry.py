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

MAX_ASSOCIATIONS = 8  # to one destination at once
_TEXTS = frozenset({"title", "address", "tls_subject"})
_FLAGS = frozenset({"may_send", "may_ask", "tls", "single_frames", "split_phases"})
_GREATEST = {
    "port": 0xFFFF,
    "lossy_quality": 100,
    "max_series_instances": 100_000,
    "associations": MAX_ASSOCIATIONS,
}
_NUMBERS = frozenset(_GREATEST)
_OTHERS = _NUMBERS | {"moves_to"}
NAMES = _TEXTS | _FLAGS | _OTHERS


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
    lossy_quality: int = 0  # 1 to 100: it gets pictures compressed with loss; 0: never
    single_frames: bool = False  # it gets enhanced multi-frame objects as classic images
    max_series_instances: int = 0  # larger series come in parts; 0: any
    split_phases: bool = False  # each phase comes in a part of its own
    associations: int = 1  # that it is sent to on at once

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
            "lossy_quality": self.lossy_quality,
            "single_frames": self.single_frames,
            "max_series_instances": self.max_series_instances,
            "split_phases": self.split_phases,
            "associations": self.associations if self.associations > 1 else 0,
        }
        kept = {name: value for name, value in said.items() if value}
        return kept if self.moves_to is None else {**kept, "moves_to": list(self.moves_to)}


def read_entry(table: object, number: int) -> AeEntry:
    """Check one entry; raises InvalidRequest naming its `number`."""
    if not isinstance(table, Mapping) or not set(table) <= NAMES:
        raise InvalidRequest("an entry of the AE list has unknown keys", entry=number)
    for key, value in table.items():
        if key not in _OTHERS and not isinstance(value, str if key in _TEXTS else bool):
            raise InvalidRequest("a value in the AE list has the wrong type", entry=number)
    title = table.get("title", "")
    if not is_valid_ae_title(title):
        raise InvalidRequest("an entry of the AE list has no valid title", entry=number)
    network = _network(table.get("address", ""), number)
    numbers = {name: _count(table.get(name, 0), name, number) for name in _NUMBERS}
    if numbers["port"] and (network is None or network.num_addresses != 1):
        raise InvalidRequest("a destination in the AE list needs one address", entry=number)
    return AeEntry(
        title=title,
        network=network,
        may_send=table.get("may_send", False),
        may_ask=table.get("may_ask", False),
        tls_subject=table.get("tls_subject", ""),
        port=numbers["port"],
        moves_to=_titles(table.get("moves_to"), number),
        tls=table.get("tls", False),
        lossy_quality=numbers["lossy_quality"],
        single_frames=table.get("single_frames", False),
        max_series_instances=numbers["max_series_instances"],
        split_phases=table.get("split_phases", False),
        associations=numbers["associations"] or 1,
    )


def _count(value: object, name: str, number: int) -> int:
    greatest = _GREATEST[name]
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= greatest:
        raise InvalidRequest(f"{name} in the AE list is no number to {greatest}", entry=number)
    return value


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
