"""Failed sign-ins, counted per address, so that guessing takes for ever."""

from collections import OrderedDict
from ipaddress import IPv6Address, ip_address

MAX_FAILURES = 10
WINDOW_S = 60.0
MAX_ADDRESSES = 4_096


class Attempts:
    """Remembers the failures of the last minute, of the 4,096 addresses that failed last."""

    def __init__(self) -> None:
        self._failures: OrderedDict[str, list[float]] = OrderedDict()

    def wait_s(self, peer: str, now_s: float) -> float:
        """How long this address has to wait; 0 when it may try."""
        failures = [at for at in self._failures.get(network_of(peer), ()) if now_s - at < WINDOW_S]
        return (
            WINDOW_S - (now_s - failures[-MAX_FAILURES]) if len(failures) >= MAX_FAILURES else 0.0
        )

    def failed(self, peer: str, now_s: float) -> None:
        """Count a failure."""
        network = network_of(peer)
        failures = self._failures.pop(network, [])
        self._failures[network] = [*failures[-(MAX_FAILURES - 1) :], now_s]
        if len(self._failures) > MAX_ADDRESSES:
            self._failures.popitem(last=False)


def network_of(peer: str) -> str:
    """An IPv4 address itself; of an IPv6 address the 64 bits that one customer can have many addresses in."""
    try:
        address = ip_address(peer)
    except ValueError:
        return peer
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(IPv6Address(int(address) >> 64 << 64))
    return str(address)
