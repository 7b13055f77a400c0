"""Tell the subscribers of a running platform what `isocenter verify` found."""

import asyncio
import json
from collections.abc import Mapping, Sequence

from isocenter.adapters.open import open_bus
from isocenter.api.events.v1.events_pb2 import InstanceCorrupted
from isocenter.dicom.uids import partition_of
from isocenter.embedded.layout import Layout
from isocenter.embedded.verify import Fault
from isocenter.errors import Unavailable
from isocenter.events.catalog import INSTANCE_CORRUPTED
from isocenter.events.event import Event


def event_of(fault: Fault, site: str) -> Event:
    """One `instance.corrupted`; the same fault found again is the same event."""
    study, series = fault.object_key.split("/")[1:3]
    message = InstanceCorrupted(
        study_instance_uid=study,
        series_instance_uid=series,
        sop_instance_uid=fault.sop_instance_uid,
        digest=fault.digest,
        fault=fault.fault,
    )
    key = f"{fault.object_key}|{fault.fault}"
    return Event(INSTANCE_CORRUPTED, site, partition_of(study), key, message)


async def _publish(layout: Layout, known: Mapping[str, str], faults: Sequence[Fault]) -> None:
    bus = open_bus(
        known["bus_url"],
        site=known["site"],
        user=known.get("bus_user", ""),
        token=layout.secret("bus"),
        name="verify",
    )
    try:
        for fault in faults:
            await bus.publish(event_of(fault, known["site"]))
    finally:
        await bus.close()


def tell_corrupted(layout: Layout, faults: Sequence[Fault]) -> bool:
    """Publish an event for each fault; False when no platform runs on the folder, or its broker does not answer."""
    if not faults:
        return True
    try:
        known = json.loads(layout.address_file.read_text())
        asyncio.run(_publish(layout, known, faults))
    except (OSError, ValueError, KeyError, Unavailable):
        return False
    return True
