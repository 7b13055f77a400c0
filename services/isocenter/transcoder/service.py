"""The transcoder as a value: what it serves, what it listens to, what it does in between."""

from dataclasses import dataclass

from isocenter.pixels.pool import CodecPool, PoolLimits
from isocenter.ports.bus import EventBus
from isocenter.ports.clock import Clock
from isocenter.ports.index import IndexReader
from isocenter.ports.journal import Journal
from isocenter.ports.objects import ObjectStore
from isocenter.runtime.nodes import names_in
from isocenter.runtime.publish import publish_all
from isocenter.runtime.service import Service, Subscription
from isocenter.transcoder.expiring import Expiry
from isocenter.transcoder.listening import BATCHES, CONSUMED, MAX_EVENTS, Listener, ready_events
from isocenter.transcoder.making import Maker
from isocenter.transcoder.packing import Packer
from isocenter.transcoder.packs import Packs
from isocenter.transcoder.rpc import servicer
from isocenter.transcoder.schedule import Urgency
from isocenter.transcoder.settings import TranscoderSettings
from isocenter.transcoder.spare import Spare
from isocenter.transcoder.sweeping import Sweep, SweepOf
from isocenter.transcoder.transcoding import Outcome, Transcoder

AHEAD = 4  # pieces under way for each codec process


@dataclass(frozen=True, slots=True)
class Ports:
    """The index and the journal to read, objects to read and packs to write, the bus to listen to and to tell."""

    index: IndexReader
    journal: Journal
    objects: ObjectStore
    bus: EventBus
    clock: Clock


def pool_of(settings: TranscoderSettings) -> CodecPool:
    """Codec processes that run when nothing else wants to."""
    return CodecPool(
        PoolLimits(
            processes=settings.codec_processes,
            max_waiting=4 * AHEAD * settings.codec_processes,
            job_timeout_s=settings.codec_timeout_s,
            cpu_s=settings.codec_cpu_s,
            memory_bytes=settings.codec_memory_bytes,
            idle=True,
        )
    )


def build(ports: Ports, settings: TranscoderSettings, pool: CodecPool) -> Service:
    """Make the service of one process."""
    packs = Packs(ports.objects)
    maker = Maker(ports.objects, pool, settings.max_decoded_bytes)
    packer = Packer(packs, maker, settings.max_decoded_bytes, AHEAD * settings.codec_processes)
    spare = Spare(settings.patience_s)
    transcoder = Transcoder(
        ports.index, ports.objects, packs, packer, spare, settings.min_free_bytes
    )
    listener = Listener(transcoder, ports.index, settings.site, settings.arriving_pause_s)
    expiry = Expiry(ports.index, ports.journal, ports.objects, ports.clock, settings.keep_days)
    indexers = tuple(names_in(settings.indexer_nodes))
    of = SweepOf(settings.node, settings.site, indexers, settings.sweep_s)
    sweep = Sweep(of, ports.journal, ports.objects, ports.bus, transcoder, expiry)

    async def asked(study: str, urgency: Urgency) -> Outcome:
        outcome = await transcoder.bring_up(study, urgency)
        await publish_all(ports.bus, ready_events(outcome, settings.site))
        return outcome

    return Service(
        "transcoder",
        servicers=[servicer(asked)],
        subscriptions=[Subscription(CONSUMED, listener.on_events, MAX_EVENTS)] * BATCHES,
        tasks={"packs": transcoder.run, "more packs": transcoder.run, "sweep": sweep.run},
    )
