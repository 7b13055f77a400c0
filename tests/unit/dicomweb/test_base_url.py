"""What address links in answers have."""

import pytest

from isocenter.dicomweb.base_url import base_url


@pytest.mark.parametrize(
    ("host", "port", "expected"),
    [
        ("127.0.0.1:8080", 8080, "http://127.0.0.1:8080/dicom-web"),
        ("127.0.0.1", 8080, "http://127.0.0.1:8080/dicom-web"),
        ("localhost", 8080, "http://localhost:8080/dicom-web"),
        ("[::1]", 8080, "http://[::1]:8080/dicom-web"),
        ("[::1]:8080", 8080, "http://[::1]:8080/dicom-web"),
        ("127.0.0.1", 80, "http://127.0.0.1/dicom-web"),
        ("127.0.0.1", 0, "http://127.0.0.1/dicom-web"),
        ("pacs.example", 8080, "http://pacs.example/dicom-web"),
        ('x"><script>', 8080, "http://localhost/dicom-web"),
    ],
)
def test_link_leads_back_to_where_the_client_came(host: str, port: int, expected: str) -> None:
    assert base_url({"host": host}, port) == expected


def test_proxy_and_settings_are_believed() -> None:
    forwarded = {"host": "10.0.0.5", "x-forwarded-proto": "https"}
    assert base_url(forwarded, 8080) == "https://10.0.0.5/dicom-web"
    assert (
        base_url({"host": "x"}, 8080, "https://pacs.example/") == "https://pacs.example/dicom-web"
    )
