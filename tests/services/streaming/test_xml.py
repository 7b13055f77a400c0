"""Searches and metadata in the Native DICOM Model say what they say in JSON."""

import httpx
import pytest
from tests.services.streaming.conftest import Served, address
from tests.support.wado import parts

from isocenter.dicomweb.native_xml import read_xml

XML = 'multipart/related; type="application/dicom+xml"'


@pytest.mark.parametrize(
    "path", ["/studies", "/series", "/instances?limit=20", "/studies?PatientName=*a*"]
)
def test_searches_are_the_same_in_both_forms(http: httpx.Client, path: str) -> None:
    answer = http.get(path, headers={"Accept": XML})
    assert answer.headers["content-type"].startswith(XML.replace(" ", "").replace("; ", ";"))
    found = [read_xml(content) for content in parts(answer)]
    expected = http.get(path, headers={"Accept": "application/dicom+json"}).json()
    assert [one.keys() for one in found] == [one.keys() for one in expected]
    for one, other in zip(found, expected, strict=True):
        assert one["0020000D"] == other["0020000D"]
        name = other.get("00100010", {}).get("Value", [{}])[0].get("Alphabetic", "")
        if name.strip("^"):  # empty components are nothing in XML
            assert one["00100010"] == other["00100010"]


def test_nothing_found_is_no_content(http: httpx.Client) -> None:
    answer = http.get("/studies?PatientID=nobody", headers={"Accept": XML})
    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize("name", ["reportsi.dcm", "chrH31.dcm", "rtplan.dcm", "JPEG2000.dcm"])
def test_metadata_are_the_same_in_both_forms(served: Served, http: httpx.Client, name: str) -> None:
    path = f"{address(served.instance(name))}/metadata"
    answer = http.get(path, headers={"Accept": XML})
    (content,) = parts(answer)
    (expected,) = http.get(path, headers={"Accept": "application/dicom+json"}).json()
    found = read_xml(content)
    assert found.keys() == expected.keys()
    for tag, attribute in expected.items():
        assert found[tag]["vr"] == attribute["vr"]
        assert len(found[tag].get("Value", [])) == len(
            [v for v in attribute.get("Value", []) if v is not None]
        )
    again = http.get(path, headers={"Accept": XML, "If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


def test_the_form_wanted_most_is_given(http: httpx.Client) -> None:
    both = f"application/dicom+json;q=0.5, {XML}"
    assert "xml" in http.get("/studies", headers={"Accept": both}).headers["content-type"]
    assert "json" in http.get("/studies", headers={"Accept": "*/*"}).headers["content-type"]
    assert http.get("/studies", headers={"Accept": "text/html"}).status_code == 406
