"""Who sent something over HTTP, as it goes into the receipt."""

from isocenter.api.journal.v1.entries_pb2 import Sender
from isocenter.runtime.web import Request


def http_sender(request: Request, protocol: str) -> Sender:
    """`protocol` is "stow", "import" or "release"."""
    caller = request.caller
    return Sender(protocol=protocol, address=caller.address, caller=caller.name)
