"""Searches, metadata, pictures and the state, as plain HTTP."""

import gzip
import io
import re
import time
from pathlib import Path

import httpx
import pytest
from PIL import Image as Picture
from tests.services.streaming.conftest import Served, address
from tests.support.archive import Archive
from tests.support.dicom_files import TEST_DATA, real_files
from tests.support.streaming import streaming

from isocenter.dicomweb.capabilities import TRANSACTIONS
from isocenter.ports.journal import Stream, commits_behind
from isocenter.runtime.caller import NOBODY, Action, Caller

CT = "ct_lidc_0314/000267.dcm"


def test_a_study_has_the_attributes_a_worklist_shows(served: Served, http: httpx.Client) -> None:
    answer = http.get(
        "/studies",
        params={
            "limit": "101", "offset": "0", "fuzzymatching": "true", "00100020": "*LIDC*",
            "includefield": "00081030,00080060,00080090,00100030",
        },
    )  # fmt: skip
    assert answer.headers["content-type"] == "application/dicom+json"
    (study,) = answer.json()
    expected = (
        "00080020 00080030 00080050 00080061 00080090 00081030 00081190 00100010 00100020 00100030 00100040 0020000D "
        "00201206 00201208"
    )
    assert set(expected.split()) - set(study) <= {"00081030"}
    assert list(study) == sorted(study)
    uid = served.instance(CT).study_instance_uid
    assert study["00081190"] == {"vr": "UR", "Value": [f"{served.serving.dicomweb}/studies/{uid}"]}
    assert "warning" not in answer.headers


def test_all_attributes_come_when_asked(served: Served, http: httpx.Client) -> None:
    path = address(served.instance(CT)).rsplit("/", 1)[0]
    plain = http.get(path, params={"limit": "1"}).json()[0]
    everything = http.get(path, params={"limit": "1", "includefield": "all"}).json()[0]
    some = http.get(path, params={"limit": "1", "includefield": "ImagePositionPatient"}).json()[0]
    assert "00200032" in everything
    assert "00200032" not in plain
    assert set(some) == set(plain) | {"00200032"}
    assert list(everything) == sorted(everything)


def test_a_cut_answer_says_how_much_is_left(tmp_path: Path) -> None:
    real_files()
    with Archive(tmp_path) as archive:
        archive.put_all(sorted((TEST_DATA / "files" / "ct_lidc_0314").iterdir())[:5])
        with streaming(archive, max_results=3) as serving:
            answer = httpx.get(f"{serving.dicomweb}/instances")
            assert len(answer.json()) == 3
            assert "There are 2 additional results" in answer.headers["warning"]
            page = httpx.get(f"{serving.dicomweb}/instances", params={"limit": 2, "offset": 4})
            assert len(page.json()) == 1
            assert "warning" not in page.headers


@pytest.mark.parametrize(
    "query",
    ["NoSuchThing=1", "StudyDate=yesterday", "limit=-1", "PatientID.StudyID=1"],
)
def test_a_search_that_means_nothing_says_why(http: httpx.Client, query: str) -> None:
    answer = http.get(f"/studies?{query}")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["reason"] == "INVALID_REQUEST"


def test_texts_are_utf_8_or_nothing(http: httpx.Client) -> None:
    study = http.get("/studies", params={"limit": "1"}).json()[0]["0020000D"]["Value"][0]
    for path in ("/studies", f"/studies/{study}/metadata", ""):
        assert http.get(path, headers={"Accept-Charset": "utf-8, *;q=0.1"}).status_code == 200
        refused = http.get(path, headers={"Accept-Charset": "iso-8859-1"})
        assert (refused.status_code, refused.json()["reason"]) == (406, "NOT_ACCEPTABLE")
        assert http.get(path, params={"charset": "utf-8"}).status_code == 200
        wrong = http.get(path, params={"charset": "iso-8859-1"})
        assert (wrong.status_code, wrong.json()["reason"]) == (400, "INVALID_REQUEST")


def test_what_the_services_can_do_is_described_and_true(http: httpx.Client) -> None:
    told = http.options("/", headers={"Accept": "application/vnd.sun.wadl+xml"})
    assert told.headers["content-type"] == "application/vnd.sun.wadl+xml"
    assert str(http.base_url).rstrip("/") in told.text
    assert http.options("/", headers={"Accept": "application/json"}).json()["application"]
    assert http.options("/", headers={"Accept": "text/csv"}).status_code == 406
    for path, method in TRANSACTIONS:
        if method.verb == "GET":  # the others are of another service
            address = re.sub(r"{[^}]*}", "1", path)
            answer = http.get(address)
            assert answer.headers["content-type"] != "text/plain", (address, answer.text)


def test_searches_are_answered_in_json_or_the_native_model(http: httpx.Client) -> None:
    assert http.get("/studies", headers={"Accept": "text/csv"}).status_code == 406
    plain = http.get("/studies", headers={"Accept": "application/json"})
    assert plain.headers["content-type"] == "application/json"


def test_metadata_are_packed_when_accepted_and_not_sent_again(
    served: Served, http: httpx.Client
) -> None:
    row = served.instance(CT)
    path = f"/studies/{row.study_instance_uid}/series/{row.series_instance_uid}/metadata"
    packed = http.send(
        http.build_request("GET", path, headers={"Accept-Encoding": "gzip"}), stream=True
    )
    raw = b"".join(packed.iter_raw())
    plain = http.get(path, headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert len(raw) == int(packed.headers["content-length"]) < len(plain.content) / 5
    assert gzip.decompress(raw) == plain.content
    again = http.get(
        path, headers={"If-None-Match": packed.headers["etag"], "Accept-Encoding": "gzip"}
    )
    assert again.status_code == 304
    assert "Accept-Encoding" in packed.headers["vary"]


def test_metadata_follow_what_is_indexed(tmp_path: Path) -> None:
    real_files()
    paths = sorted((TEST_DATA / "files" / "ct_lidc_0314").iterdir())
    with Archive(tmp_path) as archive:
        (row,) = archive.put_all(paths[:1])
        with streaming(archive) as serving:
            url = f"{serving.dicomweb}/studies/{row.study_instance_uid}/metadata"
            first = httpx.get(url)
            archive.put_file(paths[1])
            second = httpx.get(url, headers={"If-None-Match": first.headers["etag"]})
            assert (len(first.json()), len(second.json())) == (1, 2)


def test_a_deleted_or_held_instance_cannot_be_read(tmp_path: Path) -> None:
    real_files()
    paths = sorted((TEST_DATA / "files" / "ct_lidc_0314").iterdir())[:3]
    with Archive(tmp_path) as archive:
        shown, deleted, held = archive.put_all(paths)
        with streaming(archive) as serving, httpx.Client(base_url=serving.dicomweb) as http:
            for row in (shown, deleted, held):
                assert http.get(f"{address(row)}/frames/1").status_code == 200
            archive.delete(deleted)
            archive.hold(held)
            archive.objects.delete(deleted.object_key)
            deadline = time.monotonic() + 5
            while http.get(address(deleted)).status_code != 404:
                assert time.monotonic() < deadline
            for row in (deleted, held):
                for tail in ("", "/metadata", "/frames/1", "/rendered"):
                    assert http.get(address(row) + tail).status_code == 404, tail
            assert http.get(address(shown)).status_code == 200


def test_a_missing_object_is_an_error_and_never_other_bytes(tmp_path: Path) -> None:
    real_files()
    with Archive(tmp_path) as archive:
        row, other = archive.put_all(sorted((TEST_DATA / "files" / "ct_lidc_0314").iterdir())[:2])
        archive.objects.delete(row.object_key)
        path = archive.objects.local_path(other.object_key)
        assert path is not None
        path.write_bytes(path.read_bytes()[:-10])
        with streaming(archive) as serving, httpx.Client(base_url=serving.dicomweb) as http:
            assert http.get(f"{address(row)}/frames/1").status_code == 404
            truncated = http.get(f"{address(other)}/frames/1")
            assert (truncated.status_code, truncated.json()["reason"]) == (500, "CORRUPTED")


def test_pictures_of_every_level_are_small_and_right(served: Served, http: httpx.Client) -> None:
    row = served.instance(CT)
    study = f"/studies/{row.study_instance_uid}"
    series = f"{study}/series/{row.series_instance_uid}"
    for path in (study, series, address(row), f"{address(row)}/frames/1"):
        answer = http.get(f"{path}/thumbnail", headers={"Accept": "image/jpeg"})
        assert answer.headers["content-type"] == "image/jpeg"
        assert max(Picture.open(io.BytesIO(answer.content)).size) == 200


def test_a_picture_says_what_it_does_not_show(served: Served, http: httpx.Client) -> None:
    path = f"{address(served.instance(CT))}/rendered"
    answer = http.get(path, params={"annotation": "patient", "quality": "50"})
    assert answer.status_code == 200
    assert "annotation values are not supported: patient" in answer.headers["warning"]
    assert http.get(path, params={"window": "40,0,linear"}).status_code == 400
    assert http.get(path, headers={"Accept": "image/gif"}).status_code == 406
    assert http.get(f"{path[:-9]}/frames/2/rendered").status_code == 404


def test_what_has_no_picture_says_so(served: Served, http: httpx.Client) -> None:
    row = served.instance("pydicom_packaged/reportsi.dcm")
    assert http.get(f"{address(row)}/rendered").status_code in (404, 406)
    assert http.get(f"{address(row)}/frames/1").status_code == 404


def test_pixels_that_are_cut_off_are_still_retrieved(tmp_path: Path) -> None:
    real_files()
    with Archive(tmp_path) as archive:
        (row,) = archive.put_all([TEST_DATA / "files" / "broken" / "MR_truncated.dcm"])
        with streaming(archive) as serving, httpx.Client(base_url=serving.dicomweb) as http:
            assert http.get(address(row)).status_code == 200
            assert http.get(f"{address(row)}/frames/1").status_code == 404
            assert http.get(f"{address(row)}/rendered").status_code == 404


def test_float_samples_are_shown(served: Served, http: httpx.Client) -> None:
    row = served.instance("derived_objects/parametric_map_float.dcm")
    answer = http.get(f"{address(row)}/frames/1/rendered", headers={"Accept": "image/png"})
    assert answer.status_code == 200


def test_addresses_that_hold_no_uid_are_refused(http: httpx.Client) -> None:
    for path in ("/studies/abc", "/studies/1.2/series/x/metadata", "/studies/1.2/instances/..%2f"):
        assert http.get(path).status_code in (400, 404)


def test_a_strange_host_is_not_repeated(served: Served, http: httpx.Client) -> None:
    answer = http.get("/studies", params={"limit": "1"}, headers={"Host": 'x"><script>'})
    assert "script" not in answer.text


def test_a_proxy_may_say_that_it_was_https(http: httpx.Client) -> None:
    answer = http.get(
        "/studies?limit=1", headers={"Host": "pacs.example", "X-Forwarded-Proto": "https"}
    )
    assert answer.json()[0]["00081190"]["Value"][0].startswith("https://pacs.example/dicom-web/")


def test_the_state_and_a_studys_way_are_told(served: Served) -> None:
    state = httpx.get(f"{served.serving.url}/api/state").json()
    assert state["instances"] >= 26
    assert state["lag"] == 0
    assert state["free_bytes"] > 0
    study = served.instance(CT).study_instance_uid
    status = httpx.get(f"{served.serving.url}/api/studies/{study}/status").json()
    assert (status["received"], status["indexed"], status["revision"]) == (26, 26, 1)
    assert (status["complete"], status["held"], status["conflicts"]) == (True, 0, 0)
    assert httpx.get(f"{served.serving.url}/api/studies/9.9/status").status_code == 404


def test_what_the_indexer_itself_wrote_down_is_not_behind() -> None:
    ends = {
        Stream("http-1", "0" * 16): 7,
        Stream("indexer", "1" * 16): 3,
        Stream("old", "2" * 16): 2,
    }
    applied = {Stream("http-1", "0" * 16): 5, Stream("old", "2" * 16): 2}
    assert commits_behind(ends, applied, ["indexer"]) == 2


def test_held_instances_are_listed_and_decided_by_the_indexer(tmp_path: Path) -> None:
    real_files()
    with Archive(tmp_path) as archive:
        first, second = archive.put_all(
            sorted((TEST_DATA / "files" / "ct_lidc_0314").iterdir())[:2]
        )
        holds = [archive.hold(first), archive.hold(second)]
        with streaming(archive) as serving, httpx.Client(base_url=serving.url) as http:
            listed = http.get("/api/held").json()
            assert {one["hold_id"] for one in listed} == {one.hold_id for one in holds}
            assert listed[0]["reason"] == "instance_under_other_study"
            for hold in holds:
                assert http.get(f"/api/held/{hold.hold_id}").json()["digest"] == hold.digest
            assert http.get("/api/held/0000-1").status_code == 404
            answer = http.post(
                f"/api/held/{holds[0].hold_id}/release", json={"reason": "same patient"}
            )
            assert answer.json()["study_instance_uid"] == "1.2.3"
            assert serving.decisions.asked == [
                (holds[0].hold_id, "release", "local", "same patient")
            ]
            assert http.post("/api/held/0000-1/drop").status_code == 404
            assert http.post(f"/api/held/{holds[0].hold_id}/drop", content=b"[").status_code == 400


def test_whoever_waits_hears_of_a_change_at_once(tmp_path: Path) -> None:
    real_files()
    with Archive(tmp_path) as archive, streaming(archive) as serving:
        url = f"{serving.url}/api/changes"
        generation = httpx.get(url, params={"after": "-1"}).json()["generation"]
        archive.put_all([TEST_DATA / "files" / CT])
        started = time.monotonic()
        changed = httpx.get(url, params={"after": generation}, timeout=30).json()["generation"]
        assert changed != generation
        assert time.monotonic() - started < 5
        assert httpx.get(url, params={"after": "soon"}).status_code == 400


READING = [
    "/dicom-web/studies",
    "/dicom-web/series",
    "/dicom-web/instances",
    "/api/state",
    "/api/held",
]


def test_nobody_reads_anything(served: Served) -> None:
    row = served.instance(CT)
    paths = [*READING, "/api/changes", f"/api/studies/{row.study_instance_uid}/status"]
    paths += [
        f"/dicom-web{address(row)}{tail}"
        for tail in ("", "/metadata", "/frames/1", "/rendered", "/thumbnail")
    ]
    paths += [f"/dicom-web{address(row)}/bulkdata/{row.digest[:32]}/0/8"]
    paths += [
        f"/dicom-web/studies/{row.study_instance_uid}{tail}"
        for tail in ("", "/metadata", "/series")
    ]
    with streaming(served.archive, caller=NOBODY) as serving:
        for path in paths:
            assert httpx.get(serving.url + path).status_code == 401, path
        assert httpx.post(f"{serving.url}/api/held/x1/release").status_code == 401


def test_who_may_search_may_not_read_or_decide(served: Served) -> None:
    caller = Caller("desk", "token", "127.0.0.1", frozenset({Action.QUERY}))
    row = served.instance(CT)
    with streaming(served.archive, caller=caller) as serving:
        assert httpx.get(f"{serving.dicomweb}/studies").status_code == 200
        assert httpx.get(f"{serving.dicomweb}{address(row)}").status_code == 403
        assert httpx.get(f"{serving.url}/api/state").status_code == 403
        assert httpx.post(f"{serving.url}/api/held/x1/drop").status_code == 403
