"""The child in which all decoding happens: reads jobs from stdin, writes results to stdout, ends with its parent.

Started by `pool`. It limits itself before it touches anything a stranger wrote: memory, CPU time per job, no files
written, no core dumps, low priority, or none before the rest of the machine.
"""

import json
import os
import resource
import sys
from typing import BinaryIO

from isocenter.errors import InvalidInstance, IsocenterError, LimitExceeded
from isocenter.pixels.classic_files import classic_files
from isocenter.pixels.decode import decode_frame, decoded_photometric_interpretation
from isocenter.pixels.display import display_of
from isocenter.pixels.image import EXPLICIT_VR_BIG_ENDIAN, Image
from isocenter.pixels.jobs import Job, decode_job
from isocenter.pixels.pipe import read_message, write_message
from isocenter.pixels.render import render
from isocenter.pixels.rendition import rendition
from isocenter.pixels.rewrite import compressed_file, uncompressed_file
from isocenter.pixels.shaped import shaped_files

NICE = 10
MAX_LUT_BYTES = 1 << 20
MAX_OPEN_FILES = 64
_WHOLE_OBJECTS = frozenset({"explicit", "implicit", "classic", "shaped"})


def main() -> int:
    """`python -m isocenter.pixels.codec_process MEMORY_BYTES CPU_SECONDS_PER_JOB [idle]`."""
    memory_bytes, cpu_s = int(sys.argv[1]), int(sys.argv[2])
    os.nice(NICE)
    if sys.argv[3:] == ["idle"] and sys.platform == "linux":
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (MAX_OPEN_FILES, MAX_OPEN_FILES))
    with os.fdopen(os.dup(1), "wb") as results:
        os.dup2(2, 1)  # what a library prints must not get between the results
        serve(sys.stdin.buffer, results, cpu_s)
    return 0


def serve(jobs: BinaryIO, results: BinaryIO, cpu_s: int) -> None:
    """Do jobs until the parent closes the pipe."""
    while (message := read_message(jobs)) is not None:
        _allow_cpu(cpu_s)
        header, payload = answer(*message)
        write_message(results, json.dumps(header).encode(), payload)


def answer(header: bytes, document: bytes) -> tuple[dict[str, str], bytes]:
    """Do one job; errors become a reason and a text."""
    try:
        return run(decode_job(header, document))
    except IsocenterError as error:
        return {"reason": error.reason, "message": error.message}, b""
    except MemoryError:
        return {"reason": LimitExceeded.reason, "message": "the image needs too much memory"}, b""
    except Exception as error:  # hostile bytes raise anything; the process itself is intact
        message = f"the image cannot be read ({type(error).__name__})"
        return {"reason": InvalidInstance.reason, "message": message}, b""


def run(job: Job) -> tuple[dict[str, str], bytes]:
    """Do one job; the header of the result tells what is not in the payload, as the colour model of decoded samples."""
    if job.kind == "read":
        return {}, job.source.read_all(list(job.frames[0].ranges))
    if job.kind in _WHOLE_OBJECTS:
        return _file(job)
    if job.image is None or not job.frames:
        raise InvalidInstance("there is no image")
    if job.kind == "compressed":
        frames = [(list(frame.ranges), frame.first_bit) for frame in job.frames]
        return {}, compressed_file(job.source, frames, job.image, job.max_bytes, job.syntax)
    image = job.image.within(job.max_bytes)
    if job.kind == "rendition":
        return rendition(job.source, job.frames, job.frame_number, image, job.max_bytes)
    frame = job.source.read_all(list(job.frames[0].ranges))
    if job.kind == "render":
        return {}, _picture(job, image, frame)
    samples = decode_frame(frame, image, job.frames[0].first_bit)
    return {"photometric": decoded_photometric_interpretation(image, frame)}, samples.tobytes()


def _file(job: Job) -> tuple[dict[str, str], bytes]:
    if job.kind == "classic":
        return classic_files(job.source, job.frame_number, job.max_bytes)
    if job.kind == "shaped":
        return shaped_files(job.source, job.shape, job.syntax, job.max_bytes)
    frames = [(list(frame.ranges), frame.first_bit) for frame in job.frames]
    is_implicit = job.kind == "implicit"
    return {}, uncompressed_file(
        job.source, frames, job.image, job.max_bytes, is_implicit=is_implicit
    )


def _picture(job: Job, image: Image, frame: bytes) -> bytes:
    swap = image.transfer_syntax_uid == EXPLICIT_VR_BIG_ENDIAN
    read_bulk = job.source.bulk_reader(swap_words=swap, max_bytes=MAX_LUT_BYTES)
    display = display_of(json.loads(job.document), job.frame_number, read_bulk)
    return render(frame, image, display, job.rendering, job.frames[0].first_bit)


def _allow_cpu(cpu_s: int) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + 1 + cpu_s
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    if hard == resource.RLIM_INFINITY or soft <= hard:
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


if __name__ == "__main__":
    sys.exit(main())
