"""A site on one node with real pods: installed, used through its addresses, harmed and upgraded under load."""

import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from tests.perf.scans import Maker
from tests.support import foreign
from tests.support.kubernetes.images import EARLIER_TAG, earlier_chart
from tests.support.kubernetes.keeping import assert_kept
from tests.support.kubernetes.node import Node
from tests.support.kubernetes.site import RELEASE, Site, installed
from tests.support.poll import poll
from tests.support.sending import Item, Sending, acknowledged

pytestmark = pytest.mark.kubernetes
RUNS = count(1)
# an upgrade took 2,000 of them before it ended
ITEMS = [Item(study, number) for study in range(400) for number in range(50)]


@pytest.fixture(scope="module")
def site(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Installed from chart and image of an earlier commit; the first test upgrades it."""
    folder = tmp_path_factory.mktemp("site")
    tag = ("--set-string", f"image.tag={EARLIER_TAG}")
    with installed(node, "site", folder, *tag, chart=earlier_chart(folder)) as site:
        yield site


def load(site: Site, log: Path) -> Sending:
    """Three associations with more to send than the test takes."""
    return Sending(site, Maker(next(RUNS), 64, 64), ITEMS, log, associations=3, requests=0)


def until_sent(sending: Sending, more: int) -> None:
    goal = sending.acknowledged + more
    poll(lambda: sending.acknowledged >= goal, within_s=180)


def test_a_rolling_upgrade_from_an_earlier_image_under_load_loses_nothing(
    site: Site, tmp_path: Path
) -> None:
    before = {part: site.pods(part) for part in ("ingest", "indexer", "streaming")}
    sending = load(site, tmp_path / "log")
    sending.start()
    said: list[str] = []
    upgrade = threading.Thread(target=lambda: said.append(site.change("upgrade")))
    try:
        until_sent(sending, 30)
        upgrade.start()
        upgrade.join()
        until_sent(sending, 30)
    finally:
        sending.stop()
    assert "STATUS: deployed" in said[0]
    for part, pods in before.items():
        assert site.pods(part).keys() == pods.keys()
        assert not set(site.pods(part).values()) & set(pods.values())
    assert_kept(site, sending.maker, ITEMS, tmp_path / "log")


def test_the_charts_own_test_passes(site: Site) -> None:
    answer = site.node.helm("test", RELEASE, "--namespace", site.namespace)
    assert "Phase:          Succeeded" in answer


def test_a_study_sent_to_the_dicom_address_is_read_from_the_web_address(
    site: Site, tmp_path: Path
) -> None:
    maker = Maker(next(RUNS), 64, 64)
    items = [Item(0, number) for number in range(20)]
    sending = Sending(site, maker, items, tmp_path / "log", associations=2, requests=0)
    sending.start()
    sending.finish(within_s=120)
    assert len(acknowledged(tmp_path / "log")) == 20
    assert_kept(site, maker, items, tmp_path / "log")
    study = f"StudyInstanceUID={maker.study_uid(0)}"
    asked = ("-S", "-aet", "READER", "-aec", "ISOCENTER", "-k", "QueryRetrieveLevel=STUDY")
    where = ("127.0.0.1", str(site.dicom_port))
    found = foreign.run("findscu", *asked, "-k", study, "-k", "PatientID", *where)
    assert "PATIENT-00000000" in found.stdout + found.stderr
    got = tmp_path / "got"
    got.mkdir()
    foreign.run("getscu", "-od", got, *asked, "-k", study, *where)
    assert len(list(got.iterdir())) == 20


def test_a_process_and_a_pod_killed_under_load_lose_nothing(site: Site, tmp_path: Path) -> None:
    sending = load(site, tmp_path / "log")
    sending.start()
    try:
        until_sent(sending, 30)
        pids = site.node.run("pgrep", "-f", "isocenter serve ingest").split()
        site.node.run("kill", "-KILL", pids[0])
        until_sent(sending, 60)
        name, uid = next(iter(site.pods("ingest").items()))
        now = ("--grace-period=0", "--force")
        site.node.kubectl("delete", "pod", name, "--namespace", site.namespace, *now)
        until_sent(sending, 60)
        poll(lambda: site.pods("ingest").get(name, uid) != uid, within_s=120)
    finally:
        sending.stop()
    assert_kept(site, sending.maker, ITEMS, tmp_path / "log")
