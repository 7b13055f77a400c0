"""The processes in which decoding happens: what they cost when something goes wrong is one job."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from isocenter.dicom.frames import Frame
from isocenter.errors import Busy, InvalidInstance, LimitExceeded, UnsupportedSyntax
from isocenter.pixels.image import Image
from isocenter.pixels.jobs import Job
from isocenter.pixels.pool import CodecPool, PoolLimits
from isocenter.pixels.rendering import Rendering, Viewport, Window
from isocenter.pixels.source import Source

ELE = "1.2.840.10008.1.2.1"
IMAGE = Image(ELE, rows=4, columns=5)
CONTENT = np.arange(20, dtype="<u2").tobytes()


@pytest.fixture
async def pool() -> AsyncIterator[CodecPool]:
    made = CodecPool(PoolLimits(processes=1, job_timeout_s=20, cpu_s=10))
    yield made
    made.close()


@pytest.fixture
def source(tmp_path: Path) -> Source:
    path = tmp_path / "object"
    path.write_bytes(b"head" + CONTENT)
    return Source(str(path))


def _job(source: Source, image: Image = IMAGE, end: int = 44, **given: object) -> Job:
    return Job("decode", source, (Frame(((4, end),)),), image, **given)  # type: ignore[arg-type]


def _child() -> int:
    """The one codec process this test process has."""
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    codecs = [
        pid for pid in children if b"codec_process" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]
    return int(codecs[-1])


async def test_a_frame_comes_back_decoded(pool: CodecPool, source: Source) -> None:
    header, payload = await pool.run(_job(source))
    assert payload == CONTENT
    assert header == {"photometric": "MONOCHROME2"}


async def test_a_picture_comes_back_rendered(pool: CodecPool, source: Source) -> None:
    rendering = Rendering("image/png", window=Window(10, 20), viewport=Viewport(50, 50))
    job = Job("render", source, (Frame(((4, 44),)),), IMAGE, rendering=rendering, document=b"{}")
    _, payload = await pool.run(job)
    assert payload.startswith(b"\x89PNG")


async def test_a_bad_image_is_an_error_and_the_process_lives(
    pool: CodecPool, source: Source
) -> None:
    jpeg = Image("1.2.840.10008.1.2.4.50", rows=4, columns=5, bits_allocated=8, bits_stored=8)
    with pytest.raises(InvalidInstance):
        await pool.run(_job(source, jpeg))
    with pytest.raises(InvalidInstance):
        await pool.run(_job(source, end=1000))
    assert (await pool.run(_job(source)))[1] == CONTENT
    assert pool.restarts == 0


async def test_too_large_an_image_is_refused_before_memory_is_taken(
    pool: CodecPool, source: Source
) -> None:
    with pytest.raises(LimitExceeded):
        await pool.run(_job(source, Image(ELE, rows=60_000, columns=60_000)))


async def test_a_crash_costs_one_job(pool: CodecPool, source: Source) -> None:
    await pool.run(_job(source))
    os.kill(_child(), signal.SIGKILL)
    with pytest.raises(UnsupportedSyntax):
        await pool.run(_job(source))
    assert (await pool.run(_job(source)))[1] == CONTENT
    assert pool.restarts == 1


async def test_a_hang_costs_one_job(source: Source) -> None:
    pool = CodecPool(PoolLimits(processes=1, job_timeout_s=5, cpu_s=10))
    await pool.run(_job(source))
    os.kill(_child(), signal.SIGSTOP)
    with pytest.raises(Busy):
        await pool.run(_job(source))
    assert (await pool.run(_job(source)))[1] == CONTENT
    assert pool.restarts == 1
    pool.close()


async def test_more_than_may_wait_are_turned_away(source: Source) -> None:
    pool = CodecPool(PoolLimits(processes=1, max_waiting=2))
    jobs = [pool.run(_job(source)) for _ in range(5)]
    done = await asyncio.gather(*jobs, return_exceptions=True)
    assert sum(isinstance(one, Busy) for one in done) == 3
    pool.close()


async def test_a_codec_process_cannot_take_more_memory_than_it_may(source: Source) -> None:
    pool = CodecPool(PoolLimits(processes=1, memory_bytes=1 << 30))
    huge = Image(ELE, rows=40_000, columns=40_000)
    job = Job("decode", source, (Frame(((4, 44),)),), huge, max_bytes=1 << 40)
    with pytest.raises((InvalidInstance, LimitExceeded, UnsupportedSyntax)):
        await pool.run(job)
    assert (await pool.run(_job(source)))[1] == CONTENT
    pool.close()


async def test_services_load_no_codec() -> None:
    code = (
        "import sys, isocenter.streaming.service\n"
        "loaded = {'numpy', 'imagecodecs', 'gdcm', 'PIL', 'pydicom'} & set(sys.modules)\n"
        "sys.exit(f'loaded {loaded}' if loaded else 0)"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
    assert await process.wait() == 0
