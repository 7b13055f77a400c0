"""Tell the subscribers of a running platform what `isocenter verify` found."""

import asyncio
from collections.abc import Sequence

from isocenter.adapters.open import open_bus
from isocenter.api.events.v1.events_pb2 import InstanceCorrupted
from isocenter.dicom.uids import partition_of
from isocenter.errors import Unavailable
from isocenter.events.catalog import INSTANCE_CORRUPTED
from isocenter.events.event import Event
from isocenter.operations.brokers import BrokerAccess, bus_of
from isocenter.operations.verify import Fault
from isocenter.runtime.settings import ServiceSettings


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


async def _publish(access: BrokerAccess, faults: Sequence[Fault]) -> None:
    bus = open_bus(**access)
    try:
        for fault in faults:
            await bus.publish(event_of(fault, access["site"]))
    finally:
        await bus.close()


def tell_corrupted(settings: ServiceSettings, faults: Sequence[Fault]) -> bool:
    """Publish an event for each fault; False when there is no broker, or it does not answer."""
    if not faults:
        return True
    access = bus_of(settings)
    if access is None:
        return False
    try:
        asyncio.run(_publish(access, faults))
    except (OSError, Unavailable):
        return False
    return True
