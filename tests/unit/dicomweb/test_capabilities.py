"""The description of what the DICOMweb services can do."""

import json
from xml.etree.ElementTree import Element, fromstring

from isocenter.dicomweb.capabilities import NAMESPACE, TRANSACTIONS, as_json, as_wadl

BASE = "https://archive.example/dicom-web?a&b"
W = f"{{{NAMESPACE}}}"


def methods_of(resource: Element, path: str = "") -> list[tuple[str, str, str]]:
    here = f"{path}/{resource.get('path')}"
    own = [(here, m.get("name", ""), m.get("id", "")) for m in resource.findall(f"{W}method")]
    below = [one for child in resource.findall(f"{W}resource") for one in methods_of(child, here)]
    return own + below


def test_every_transaction_is_in_the_tree_of_resources_once() -> None:
    application = fromstring(as_wadl(BASE))  # noqa: S314  (our own)
    assert application.tag == f"{W}application"
    (resources,) = application
    assert resources.get("base") == BASE
    found = [one for resource in resources for one in methods_of(resource)]
    assert sorted(found) == sorted((path, m.verb, m.name) for path, m in TRANSACTIONS)
    assert len({name for _, _, name in found}) >= len(found) - 1


def test_json_says_the_same_as_xml() -> None:
    told = json.loads(as_json(BASE))["application"]["resources"]
    studies = next(one for one in told["resource"] if one["path"] == "studies")
    search, store = studies["method"]
    assert (search["name"], search["id"]) == ("GET", "SearchForStudies")
    names = [one["name"] for one in search["request"]["param"]]
    assert {"Accept", "Accept-Charset", "fuzzymatching", "includefield", "limit"} <= set(names)
    assert store["request"]["representation"]
