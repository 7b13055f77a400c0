"""What a broker holds for a site, for whoever looks the platform over; nothing is made or changed."""

from dataclasses import dataclass, field

import nats.js.errors
from nats.aio.client import Client

from isocenter.adapters.bus.streams import DEAD_LETTERS, stream_of, streams


@dataclass(slots=True)
class BusState:
    """`lags`: events that wait, by `stream/consumer`. `missing`: streams that are not there."""

    missing: list[str] = field(default_factory=list)
    lags: dict[str, int] = field(default_factory=dict)
    dead_letters: int = 0


async def state_of(client: Client, site: str, timeout_s: float) -> BusState:
    """Ask about each stream of the site."""
    found = BusState()
    jetstream = client.jetstream(timeout=timeout_s)
    for spec in streams(site):
        is_last_resort = spec.name == stream_of(DEAD_LETTERS, site).name
        try:
            stream = await jetstream.stream_info(spec.name)
        except nats.js.errors.NotFoundError:
            if not is_last_resort:  # made by its first event
                found.missing.append(spec.name)
            continue
        if is_last_resort:
            found.dead_letters = stream.state.messages
        for one in await jetstream.consumers_info(spec.name):
            waiting = (one.num_pending or 0) + (one.num_ack_pending or 0)
            found.lags[f"{spec.name}/{one.name}"] = waiting
    return found
