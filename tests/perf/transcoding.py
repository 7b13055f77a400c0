"""Packs of CT slices, proof included, against what the codecs alone take in as many bare processes."""

import asyncio
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
from imagecodecs import htj2k_encode, jpeg2k_decode
from tests.perf.report import Report
from tests.support.archive import Archive
from tests.support.slices import ct_file
from tests.support.transcoding import transcoding

from isocenter.embedded.samples.phantom import Geometry, volume
from isocenter.transcoder.schedule import Urgency

PROCESSES = 2
FIRST, STUDY = "1.2.9", "1.2.1"
Pixels = npt.NDArray[np.int16]


def run(report: Report, scratch: Path, slices: int) -> None:
    """Store a phantom's slices over and over, pack them as a backfill does, then do the codecs' part alone."""
    report.title(f"Transcoding of {slices} CT slices of 512 x 512, {PROCESSES} codec processes")
    pixels = list(volume(Geometry(), lesion_radius_mm=9.0, seed=3).astype("<i2"))
    with Archive(scratch / "transcoding") as archive:
        for number in range(1, slices + 1):
            content = ct_file(pixels[number % len(pixels)], f"1.2.3.{number}", STUDY, number=number)
            archive.put(content)
        for number in range(1, 9):
            content = ct_file(pixels[number], f"1.2.4.{number}", FIRST, series="1.2.5")
            archive.put(content)
        archive.sum_up()
        took_s = asyncio.run(_packed(archive))
    bare_s = _bare(pixels, slices)
    report.line(f"packed {slices / took_s:.0f} /s, codecs alone {slices / bare_s:.0f} /s")
    report.bar("of what the codecs alone do", bare_s / took_s, 0.8, unit="x")
    report.bar("slices packed and proven", slices / took_s, 300, unit="/s")


async def _packed(archive: Archive) -> float:
    async with transcoding(archive, codec_processes=PROCESSES) as working:
        await working.transcoder.bring_up(FIRST, Urgency.BACKFILL)  # codecs are loaded
        started = time.monotonic()
        outcome = await working.transcoder.bring_up(STUDY, Urgency.BACKFILL)
        took_s = time.monotonic() - started
    assert (outcome.as_stored, outcome.made) == (0, outcome.instances)
    return took_s


def _bare(pixels: list[Pixels], slices: int) -> float:
    """Seconds for encoding and decoding again, nothing else."""
    shares = [slices // PROCESSES] * PROCESSES
    with ProcessPoolExecutor(PROCESSES) as pool:
        list(pool.map(_codecs, [pixels[:2]] * PROCESSES, [2] * PROCESSES))  # started
        started = time.monotonic()
        list(pool.map(_codecs, [pixels] * PROCESSES, shares))
        return time.monotonic() - started


def _codecs(pixels: list[Pixels], slices: int) -> None:
    for number in range(slices):
        frame = pixels[number % len(pixels)]
        stream = htj2k_encode(frame, resolutions=4, tlm=True, tilepart=1)
        assert np.array_equal(jpeg2k_decode(stream, numthreads=1), frame)
