"""`GET /metrics` of a running platform: every process of it, in the real format, and nothing of a patient."""

import os
import re
import shutil
import subprocess

import pytest
from tests.support.commanded import Commanded
from tests.support.platform import PARTS
from tests.support.poll import poll
from tests.support.senders import give_study

SAMPLE = re.compile(r'([a-z_]+)\{node="([a-z0-9-]+)"[^}]*\} ')


def samples(text: str) -> set[tuple[str, str]]:
    """Name and node of each."""
    return {(found[1], found[2]) for found in map(SAMPLE.match, text.splitlines()) if found}


def test_every_process_is_seen_whichever_worker_answers(desk: Commanded) -> None:
    processes = set(PARTS) - {"nats"}

    def up() -> set[str]:
        return {node for name, node in samples(metrics(desk)) if name == "isocenter_process_up"}

    poll(lambda: up() == processes)  # one worker is enough for the platform to be up
    assert all(up() == processes for _ in range(6))


def test_what_is_received_and_found_is_counted_and_the_patient_is_not_named(
    desk: Commanded,
) -> None:
    study = give_study(desk.url, 3)
    desk.until_settled()
    assert desk.get(f"/dicom-web/studies/{study}/metadata").is_success
    poll(lambda: ("isocenter_searchable_seconds_count", "indexer") in samples(metrics(desk)))
    text = metrics(desk)
    assert ("isocenter_disk_free_bytes", "ingest") in samples(text)
    assert 'isocenter_events_published_total{node="http-' in text
    assert study not in text
    assert not re.search(r"\d+(\.\d+){4,}", text), "a UID"
    rows = desk.get("/dicom-web/studies", params={"includefield": "all"}).json()
    known = {value for row in rows for value in names(row)}
    assert known
    assert {value for value in known if value in text} == set()


@pytest.mark.skipif(
    shutil.which("promtool") is None and "CI" not in os.environ, reason="promtool is not installed"
)
def test_prometheus_own_checker_reads_it(desk: Commanded) -> None:
    done = subprocess.run(
        ["promtool", "check", "metrics"],
        input=metrics(desk),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def metrics(desk: Commanded) -> str:
    answer = desk.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return answer.text


def names(row: dict[str, dict[str, list[object]]]) -> set[str]:
    """Name and id of a study's patient."""
    found: set[str] = set()
    for tag in ("00100010", "00100020"):
        for value in row.get(tag, {}).get("Value", []):
            found |= set(map(str, value.values())) if isinstance(value, dict) else {str(value)}
    return {value for value in found if len(value) > 3}
