"""The promise, seen from outside: what was acknowledged is found, once, and comes back as it was sent."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import httpx
from tests.perf.scans import Maker
from tests.support.kubernetes.site import Site
from tests.support.poll import poll
from tests.support.scu import dataset_of
from tests.support.sending import Item, acknowledged
from tests.support.wado import study_as_stored

SEARCHABLE_WITHIN_S = 120


def found(reader: httpx.Client, study: str) -> list[str]:
    """SOP Instance UIDs that QIDO-RS knows of a study."""
    answer = reader.get(f"/dicom-web/studies/{study}/instances")
    rows = answer.json() if answer.status_code == 200 else []
    return [row["00080018"]["Value"][0] for row in rows]


def assert_kept(site: Site, maker: Maker, items: Iterable[Item], log: Path) -> None:
    """Every line of the log, that is; what was not acknowledged may be there or not."""
    sops = set(acknowledged(log))
    assert sops
    wanted: dict[int, list[Item]] = defaultdict(list)
    for item in items:
        if maker.sop_uid(item.study, item.number) in sops:
            wanted[item.study].append(item)
    with site.reader() as reader:
        for study, sent in wanted.items():
            _assert_study(reader, maker, maker.study_uid(study), sent)


def _assert_study(reader: httpx.Client, maker: Maker, study: str, sent: list[Item]) -> None:
    expected = {maker.sop_uid(item.study, item.number) for item in sent}
    poll(lambda: expected <= set(found(reader, study)), within_s=SEARCHABLE_WITHIN_S)
    known = found(reader, study)
    assert len(known) == len(set(known))
    kept = [dataset_of(one) for one in study_as_stored(reader, study)]
    assert len(kept) == len(known)
    assert {dataset_of(maker.instance(item.study, item.number)) for item in sent} <= set(kept)
