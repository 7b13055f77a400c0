"""The transcoder on the real files of an archive, with real codec processes; and what its packs hold."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256

from tests.support.archive import Archive

from isocenter.api.renditions.v1 import pack_pb2 as pb
from isocenter.pixels.htj2k import decode_htj2k
from isocenter.pixels.pool import CodecPool
from isocenter.renditions.keys import PREFIX
from isocenter.renditions.pack import frame_bytes, read_index
from isocenter.transcoder.making import Maker
from isocenter.transcoder.packing import Packer
from isocenter.transcoder.packs import Packs
from isocenter.transcoder.service import pool_of
from isocenter.transcoder.settings import TranscoderSettings
from isocenter.transcoder.spare import Spare
from isocenter.transcoder.transcoding import Transcoder

HTJ2K_RPCL = "1.2.840.10008.1.2.4.202"


@dataclass
class Working:
    """A transcoder at work, its packs' keeper and its codec processes."""

    transcoder: Transcoder
    packs: Packs
    pool: CodecPool


@asynccontextmanager
async def transcoding(archive: Archive, **given: object) -> AsyncIterator[Working]:
    settings = TranscoderSettings(data_folder=archive.root, min_free_bytes=0, **given)  # type: ignore[arg-type]
    pool = pool_of(settings)
    packs = Packs(archive.objects)
    packer = Packer(
        packs,
        Maker(archive.objects, pool, settings.max_decoded_bytes),
        settings.max_decoded_bytes,
        4,
    )
    spare = Spare(settings.patience_s)
    transcoder = Transcoder(
        archive.reader, archive.objects, packs, packer, spare, settings.min_free_bytes
    )
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(transcoder.run()) for _ in range(2)]
        try:
            yield Working(transcoder, packs, pool)
        finally:
            for task in tasks:
                task.cancel()
            pool.close()


def pack_keys(archive: Archive) -> list[str]:
    return [info.key for info in archive.objects.list(PREFIX) if info.key.endswith(".pack")]


def tables(archive: Archive) -> dict[str, pb.PackIndex]:
    """The table of every pack."""
    return {key: table(archive, key) for key in pack_keys(archive)}


def table(archive: Archive, key: str) -> pb.PackIndex:
    size = archive.objects.stat(key).size_bytes
    return read_index(lambda start, end: archive.objects.read(key, start, end), size)


def frames(archive: Archive, key: str, instance: pb.PackedInstance) -> list[bytes]:
    return [
        frame_bytes(lambda start, end: archive.objects.read(key, start, end), frame)
        for frame in instance.frames
    ]


def sample_digest(stream: bytes) -> bytes:
    """As a reader decodes it, with the decoder of viewers."""
    return sha256(decode_htj2k(stream).tobytes()).digest()
