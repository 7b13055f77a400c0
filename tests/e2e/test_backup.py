"""A backup of a running platform, restored into back-ends of the other kind and back again."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.support.checker.check import Evidence, check
from tests.support.checker.evidence import collect
from tests.support.checker.servers import OnServers
from tests.support.commanded import COMMAND, Commanded, command, platform
from tests.support.opensearch_server import OpenSearchForTests
from tests.support.part10 import part10
from tests.support.poll import poll
from tests.support.s3_servers import S3ForTests
from tests.support.senders import fresh_uid, give, give_study

from isocenter.adapters.open import open_objects
from isocenter.operations.proving import prove
from isocenter.operations.verify import Fault
from isocenter.runtime.clock import HybridClock

pytestmark = pytest.mark.timeout(600)  # servers are started in it

SEARCHES = (
    "/dicom-web/studies?includefield=all",
    "/dicom-web/series?includefield=all",
    "/dicom-web/instances?includefield=all",
    "/api/held",
    "/api/quarantine",
    "/api/ae",
)
KINDS = {"journal": "*.seg", "quarantine": "*.bin", "config": "users.json"}
MANY = 80  # instances, so that a backup takes long enough to be killed in it


def answers(desk: Commanded) -> list[bytes]:
    """All it says, but for its own address."""
    return [desk.get(path).content.replace(desk.url.encode(), b"") for path in SEARCHES]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commanded]:
    """A running platform with studies, something held, and something in quarantine."""
    with platform(tmp_path_factory.mktemp("original"), settle_s=0.5) as running:
        give_study(running.url, MANY)
        give_study(running.url, 2, name="Doe^Jack")
        sop = fresh_uid()
        for name in ("First^Man", "Second^Man"):
            give(running.url, part10(sop, fresh_uid(), fresh_uid(), name=name))
        give(running.url, part10("not.a.uid", fresh_uid(), fresh_uid()))
        running.cli("ae", "add", "WS1", "--address", "10.0.0.30", "--port", 104, "--may-ask")
        running.cli("user", "add", "radiologist", "--role", "reader", "--token")
        running.until_settled()
        yield running


@pytest.fixture(scope="module")
def backup(original: Commanded) -> Path:
    """A finished backup of it, not to be harmed."""
    folder = original.home / "backup"
    told = original.json("backup", folder)
    assert told["copied_objects"] == MANY + 5 and told["lacking"] == []
    return folder


@pytest.fixture
def harmed(backup: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(backup, tmp_path / "harmed"))


@pytest.fixture
def servers(
    minio: S3ForTests, opensearch: OpenSearchForTests, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], OnServers]:
    """Gives a name to empty back-ends on servers; commands work on the last ones made."""

    def make() -> OnServers:
        bucket, index = minio.fresh_bucket(), opensearch.fresh_url()
        told = {
            "OBJECTS_URL": minio.url(bucket),
            "JOURNAL_URL": minio.url(bucket),
            "OBJECTS_ACCESS_KEY": minio.access_key,
            "OBJECTS_SECRET_KEY": minio.secret_key,
            "INDEX_URL": index,
            "INDEX_USER": opensearch.secrets["user"],
            "INDEX_PASSWORD": opensearch.secrets["password"],
        }
        for name, value in told.items():
            monkeypatch.setenv(f"ISOCENTER_{name}", value)
        place = urlsplit(index)
        http = f"{place.scheme.partition('+')[2]}://{place.netloc}"
        return OnServers(minio.client, bucket, http, place.path.strip("/"))

    return make


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 0x10
    path.write_bytes(content)


def faults(folder: Path) -> list[Fault]:
    return list(prove(open_objects(f"file://{folder}"), HybridClock(), lambda done, total: None))


def test_restores_into_servers_and_from_there_into_a_folder(
    original: Commanded,
    backup: Path,
    servers: Callable[[], OnServers],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = servers()
    home = tmp_path / "operator"
    home.mkdir()
    assert "built anew" in command(home, "restore", backup).stdout
    rows = kept.rows()
    shown = [row.sop for row in rows if row.current and not row.held and not row.deleted]
    held = [row.sop for row in rows if row.held]
    found = Evidence([], kept.objects(), kept.lines(), rows, shown, held, None, None)
    assert check(found) == [] and len(shown) == MANY + 3
    assert "empty back-ends only" in command(home, "restore", backup, code=1).stderr
    assert command(home, "verify").returncode == 0
    assert command(home, "rebuild-index").returncode == 0
    looked = command(home, "--json", "doctor").stdout
    assert '"bad"' not in looked and '"store"' in looked
    second = f"file://{tmp_path}/second"
    command(home, "backup", second)
    command(home, "backup", second, "--verify")
    for name in [name for name in os.environ if name.startswith("ISOCENTER_")]:
        monkeypatch.delenv(name)
    command(home, "--data", tmp_path / "back" / "data", "restore", second)
    with platform(tmp_path / "back", settle_s=0.5) as again:
        again.until_settled()
        assert answers(again) == answers(original)
        assert check(collect(again, [], is_wiped=True)) == []


def test_copies_into_a_bucket_only_what_is_new(
    original: Commanded, minio: S3ForTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = minio.url(minio.fresh_bucket())
    monkeypatch.setenv("ISOCENTER_BACKUP_ACCESS_KEY", minio.access_key)
    monkeypatch.setenv("ISOCENTER_BACKUP_SECRET_KEY", minio.secret_key)
    assert original.json("backup", place)["copied_objects"] == MANY + 5
    assert original.json("backup", place)["copied_objects"] == 0
    original.cli("backup", place, "--verify")


def test_killed_backup_is_no_backup_until_it_went_on(original: Commanded, tmp_path: Path) -> None:
    folder = tmp_path / "killed"
    words = [COMMAND, "--data", str(original.data), "backup", str(folder)]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        poll(lambda: any((folder / "instances").rglob("*.dcm")), 30)
        run.send_signal(signal.SIGKILL)
    assert not (folder / "backup.json").exists()
    target = tmp_path / "target"
    refused = command(tmp_path, "--data", target, "restore", folder, code=1)
    assert "no finished backup" in refused.stderr
    there = sum(1 for _ in (folder / "instances").rglob("*.dcm"))
    told = original.json("backup", folder)
    assert 0 < told["copied_objects"] <= MANY + 5 - there
    original.cli("backup", folder, "--verify")
    command(tmp_path, "--data", target, "restore", folder)


def test_killed_restore_goes_on(backup: Path, tmp_path: Path) -> None:
    data = tmp_path / "target"
    words = [COMMAND, "--data", str(data), "restore", str(backup)]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        poll(lambda: any((data / "archive" / "instances").rglob("*.dcm")), 30)
        run.send_signal(signal.SIGKILL)
    assert not (data / "archive" / "journal").exists()
    assert "built anew" in command(tmp_path, "--data", data, "restore", backup).stdout
    command(tmp_path, "--data", data, "verify")


@pytest.mark.parametrize("at", [3, -120, -1], ids=["preamble", "header", "pixels"])
def test_flipped_byte_of_an_object_is_named(harmed: Path, tmp_path: Path, at: int) -> None:
    path = next((harmed / "instances").rglob("*.dcm"))
    flip(path, at)
    (fault,) = faults(harmed)
    assert (fault.fault, harmed / fault.object_key) == ("changed", path)
    done = command(tmp_path, "--data", tmp_path / "t", "restore", harmed, code=1)
    assert path.name in done.stdout.replace("\n", "")


@pytest.mark.parametrize("what", ["journal", "quarantine", "config", "backup.json"])
def test_flipped_byte_of_anything_else_is_named(harmed: Path, what: str) -> None:
    found = harmed / what
    paths = [found] if found.is_file() else list(found.rglob(KINDS[what]))
    path = max(paths, key=lambda one: one.stat().st_size)
    flip(path, 40)
    assert [harmed / fault.object_key for fault in faults(harmed)] == [path]


def test_backup_with_a_damaged_journal_is_not_restored(harmed: Path, tmp_path: Path) -> None:
    segments = [path for path in (harmed / "journal").rglob("*.seg")]
    flip(max(segments, key=lambda path: path.stat().st_size), 40)
    refused = command(tmp_path, "--data", tmp_path / "t", "restore", harmed, code=1)
    assert "nothing was restored" in refused.stderr
    assert not (tmp_path / "t" / "archive" / "instances").exists()


def test_no_secret_is_in_a_backup(original: Commanded, backup: Path) -> None:
    secrets = (original.data / "config" / "secrets.json").read_text()
    values = [value.encode() for value in json.loads(secrets).values()]
    content = b"".join(path.read_bytes() for path in backup.rglob("*") if path.is_file())
    assert values and not any(value in content for value in values)
    assert (backup / "config" / "users.json").exists()


def test_backup_of_another_archive_is_refused(backup: Path, tmp_path: Path) -> None:
    with platform(tmp_path) as other:
        give_study(other.url)
        assert "another archive" in other.cli("backup", backup, code=1).stderr
