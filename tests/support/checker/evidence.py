"""Collect what a platform left and shows: in its stores, by its search, and in its broker."""

import httpx
from tests.support.checker import event_stream, journal_files, wire
from tests.support.checker.check import Evidence, Said, untold
from tests.support.checker.kept import NotThere
from tests.support.platform import Platform

PAGE = 1_000


def _pages(client: httpx.Client, path: str, **fields: str) -> list[dict[str, dict[str, list[str]]]]:
    found: list[dict[str, dict[str, list[str]]]] = []
    while True:
        page = {"limit": str(PAGE), "offset": str(len(found)), **fields}
        answer = client.get(path, params=page)
        answer.raise_for_status()
        more = answer.json() if answer.status_code == 200 else []
        if not more:
            return found
        found += more


def searchable(client: httpx.Client) -> tuple[list[str], dict[str, int]]:
    """SOP Instance UIDs, study by study, and what each study says of its number of instances."""
    instances: list[str] = []
    counts: dict[str, int] = {}
    for study in _pages(client, "/dicom-web/studies"):
        uid = study["0020000D"]["Value"][0]
        assert uid not in counts, f"study twice in search: {uid}"
        counts[uid] = int(study["00201208"]["Value"][0])
        found = _pages(client, f"/dicom-web/studies/{uid}/instances")
        instances += [instance["00080018"]["Value"][0] for instance in found]
    return instances, counts


def held(client: httpx.Client) -> list[str]:
    """SOP Instance UIDs of what waits for a person."""
    found: list[str] = []
    after = ""
    while True:
        page = client.get("/api/held", params={"limit": str(PAGE), "after": after}).json()
        if not page:
            return found
        found += [hold["sop_instance_uid"] for hold in page]
        after = page[-1]["hold_id"]


def events(platform: Platform) -> list[Said]:
    """All `instance.stored` the broker has."""
    found = event_stream.messages(platform.broker(), "isocenter-local-instance")
    return [event_stream.said(message) for message in found if message.kind == "instance.stored"]


def arrived(platform: Platform) -> list[str]:
    """Studies of which `study.arrived` spoke."""
    found = event_stream.messages(platform.broker(), "isocenter-local-study")
    return [wire.texts(m.data, 1)[0] for m in found if m.kind == "study.arrived"]


def until_indexed(platform: Platform, within_s: float = 60.0) -> None:
    """Wait until every receipt has its row and no study waits to be counted again."""
    received = journal_files.receipts(platform.kept.lines())
    wanted = {(receipt.sop, receipt.digest) for receipt in received}

    def is_indexed() -> bool:
        try:
            found = {(row.sop, row.digest) for row in platform.kept.rows()}
        except NotThere:
            return False
        return wanted <= found and platform.kept.dirty() == 0

    platform.until(is_indexed, within_s)


def until_told(platform: Platform, within_s: float = 60.0) -> None:
    """Wait until an event names every receipt of what is indexed, and every study that shows has arrived."""
    received = journal_files.receipts(platform.kept.lines())
    rows = platform.kept.rows()
    shown = {row.study for row in rows if row.current and not row.held and not row.deleted}
    platform.until(lambda: not untold(events(platform), received), within_s)
    platform.until(lambda: shown <= set(arrived(platform)), within_s)


def ae_list(client: httpx.Client) -> dict[str, list[tuple[str, int]]]:
    """Address and port of each line of the AE list, by title."""
    found: dict[str, list[tuple[str, int]]] = {}
    for entry in client.get("/api/ae").raise_for_status().json():
        line = (entry.get("address", ""), entry.get("port", 0))
        found.setdefault(entry["title"], []).append(line)
    return found


def collect(platform: Platform, acknowledged: list[str], *, is_wiped: bool = False) -> Evidence:
    """Everything, of a platform that has settled. `is_wiped`: the broker's store was taken away."""
    with httpx.Client(base_url=platform.url, timeout=30) as client:
        shown, counts = searchable(client)
        waiting = held(client)
        peers = ae_list(client)
    return Evidence(
        acknowledged=acknowledged,
        objects=platform.kept.objects(),
        journal=platform.kept.lines(),
        rows=platform.kept.rows(),
        searchable=shown,
        held=waiting,
        events=None if is_wiped else events(platform),
        arrived=None if is_wiped else arrived(platform),
        study_counts=counts,
        ae_list=peers,
    )
