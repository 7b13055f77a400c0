"""The header page, as a person uses it who wants to know what an image says of itself."""

import httpx
import pytest
from tests.browser.conftest import Drive, picture, send
from tests.support.platform import Platform

pytestmark = pytest.mark.browser


def studies(platform: Platform, **asked: str) -> list[str]:
    answer = httpx.get(f"{platform.url}/dicom-web/studies", params={"limit": "1000", **asked})
    return [study["0020000D"]["Value"][0] for study in answer.json()]


def send_odd(platform: Platform) -> str:
    """A study whose character set is spelt wrong, and whose description has a byte that it does not have."""
    odd = picture("1.2.60.1", name="Odd^Otto", patient_id="ODD-1", description="knee odd")
    odd = odd.replace(b"ISO_IR 192", b"ISO-IR 192").replace(b"knee odd", b"knee \xffdd")
    send(platform, odd)
    platform.until(lambda: studies(platform, PatientID="ODD-1"), 30)
    return studies(platform, PatientID="ODD-1")[0]


def test_a_person_reads_the_header_of_any_image_with_what_is_odd_about_it(
    platform: Platform, drive: Drive
) -> None:
    phantom = studies(platform, PatientName="phantom*", ModalitiesInStudy="CT")[0]
    found = drive("header.mjs", platform.url, phantom, send_odd(platform))
    assert found["who"].startswith("Phantom")
    named = {line[1]: line for line in found["all"]}
    assert named["Modality"] == ["(0008,0060)", "Modality", "CS", "CT"]
    assert named["StudyInstanceUID"][3] == phantom
    assert found["first"] != found["again"]
    assert found["again"] in found["address"]
    assert [line[1] for line in found["filtered"]] == ["PixelSpacing"]
    assert [line.split("\t")[:2] for line in found["findings"]] == [
        ["charset misspelt", "(0008,0005)"],
        ["text undecodable", ""],
    ]
    assert found["odd"] == ["SpecificCharacterSet"]
    assert found["problem"] == "There is no such image, or it may not be seen."
