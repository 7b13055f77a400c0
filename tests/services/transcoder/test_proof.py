"""Every real file that any decoder can read: what its pack holds is the same picture, in every resolution."""

from collections import Counter
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from tests.support.archive import Archive
from tests.support.dicom_files import TEST_DATA, real_files
from tests.support.images import located
from tests.support.transcoding import (
    HTJ2K_RPCL,
    frames,
    pack_keys,
    sample_digest,
    tables,
    transcoding,
)

from isocenter.dicom.transfer_syntaxes import transfer_syntax
from isocenter.errors import IsocenterError
from isocenter.pixels.decode import decode_frame
from isocenter.pixels.htj2k import decode_htj2k
from isocenter.transcoder.schedule import Urgency

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path)


def put_all(archive: Archive) -> dict[str, Path]:
    paths: dict[str, Path] = {}
    for file in real_files():
        if file.is_readable:
            try:
                row = archive.put_file(file.path)
            except IsocenterError:  # not acceptable: in quarantine
                continue
            paths[row.digest] = file.path
    archive.sum_up()
    return paths


async def test_packs_hold_the_samples_of_the_stored_images(archive: Archive) -> None:
    with archive:
        paths = put_all(archive)
        studies = sorted({row.study_instance_uid for row in archive.rows.values()})
        async with transcoding(archive) as working:
            for study in studies:
                await working.transcoder.bring_up(study, Urgency.BACKFILL)
        kinds: Counter[str] = Counter()
        for key, table in tables(archive).items():
            for instance in table.instances:
                streams = frames(archive, key, instance)
                found = located(paths[instance.digest]) if streams else None
                sources = found.frames() if found else []
                for place, (stream, (source, first_bit)) in enumerate(
                    zip(streams, sources, strict=True)
                ):
                    assert found is not None
                    if instance.transfer_syntax_uid != HTJ2K_RPCL:
                        kinds["as it came"] += 1
                        assert not transfer_syntax(instance.transfer_syntax_uid).lossless
                        assert stream == source
                        continue
                    kinds["proven"] += 1
                    expected = sha256(
                        decode_frame(source, found.image, first_bit).tobytes()
                    ).digest()
                    assert instance.frames[place].sample_sha256 in (expected, b"")
                    assert sample_digest(stream) == expected
                kinds["refused"] += bool(instance.refused)
        assert kinds["proven"] >= 140, kinds
        assert kinds["as it came"] >= 60, kinds
        assert 0 < kinds["refused"] <= 11, (
            kinds
        )  # bits, floats, 32-bit samples, one that is cut off
        assert all("/series." in key for key in pack_keys(archive))


async def test_a_prefix_of_a_frame_is_the_picture_at_that_resolution(archive: Archive) -> None:
    with archive:
        for path in sorted((TEST_DATA / "files" / "ct_lidc_0314").iterdir())[:3]:
            row = archive.put_file(path)
        archive.sum_up()
        async with transcoding(archive) as working:
            await working.transcoder.bring_up(row.study_instance_uid, Urgency.BACKFILL)
        (key,) = pack_keys(archive)
        for instance in tables(archive)[key].instances:
            (stream,) = frames(archive, key, instance)
            (frame,) = instance.frames
            levels = len(frame.level_ends) - 1
            assert max(instance.rows, instance.columns) >> levels <= 64
            for level, end in enumerate(frame.level_ends):
                small = decode_htj2k(stream[:end], levels - level)
                assert small.shape[0] == -(-instance.rows >> (levels - level))
                assert np.array_equal(small, decode_htj2k(stream, levels - level))
