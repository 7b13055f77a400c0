"""An archive, asked by DICOMweb: what it has, and its instances as files. Only what every server does is asked."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import httpx

from isocenter.dicom.json_attributes import first
from isocenter.dicomweb.media_types import parse_media_type
from isocenter.dicomweb.multipart import MultipartReader
from isocenter.errors import IsocenterError

PAGE = 100
STUDY, SERIES, SOP = "0020000D", "0020000E", "00080018"
AS_STORED = 'multipart/related; type="application/dicom"; transfer-syntax=*'
_TIMEOUT = httpx.Timeout(120.0, connect=10.0)


@dataclass(frozen=True, slots=True)
class Name:
    """One instance of it."""

    study: str
    series: str
    sop: str

    @property
    def path(self) -> str:
        """Below the DICOMweb root."""
        return f"/studies/{self.study}/series/{self.series}/instances/{self.sop}"


class DicomwebSource:
    """Reads the DICOMweb root of a client, which it closes.

    Raises ClickException with what the server said, httpx.HTTPError when it is away.
    """

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()

    def studies(self, **asked: str) -> list[str]:
        """Studies that match, page by page."""
        return [first(one, STUDY) for one in self._pages("/studies", asked)]

    def instances(self, study: str) -> list[Name]:
        """All instances of a study, series by series: servers limit long answers."""
        found: list[Name] = []
        for one in self._pages(f"/studies/{study}/series", {}):
            series = first(one, SERIES)
            path = f"/studies/{study}/series/{series}/instances"
            found += [Name(study, series, first(each, SOP)) for each in self._pages(path, {})]
        return found

    def fetch(self, name: Name, path: Path, accept: str = AS_STORED) -> Path:
        """Write the instance to a file, as it is stored there or as one of the media types of `accept`."""
        with self._client.stream("GET", name.path, headers={"Accept": accept}) as answer:
            if not answer.is_success:
                answer.read()
                raise click.ClickException(f"{answer.status_code} {answer.text[:200].strip()}")
            with path.open("wb") as file:
                for content in _contents(answer):
                    file.write(content)
        return path

    def _pages(self, path: str, asked: dict[str, str]) -> Iterator[dict[str, Any]]:
        offset, seen = 0, set[str]()
        while True:
            query = {**asked, "limit": str(PAGE), "offset": str(offset)}
            answer = self._client.get(
                path, params=query, headers={"Accept": "application/dicom+json"}
            )
            if answer.status_code == httpx.codes.NO_CONTENT:
                return
            if not answer.is_success:
                raise click.ClickException(
                    f"{path}: {answer.status_code} {answer.text[:200].strip()}"
                )
            page = [one for one in answer.json() if str(one) not in seen]
            if not page:  # the end, or a server that knows no offset
                return
            seen = {str(one) for one in page}
            offset += len(page)
            yield from page


def other_archive(url: str, headers: dict[str, str]) -> DicomwebSource:
    """That of another archive."""
    client = httpx.Client(
        base_url=url.rstrip("/"), headers=headers, timeout=_TIMEOUT, follow_redirects=False
    )
    return DicomwebSource(client)


def _contents(answer: httpx.Response) -> Iterator[bytes | memoryview]:
    """The bytes of the one part of a multipart answer, or of an answer that is the instance itself."""
    try:
        media_type = parse_media_type(answer.headers.get("content-type", ""))
        if media_type.name != "multipart/related":
            yield from answer.iter_bytes()
            return
        reader = MultipartReader(media_type.parameter("boundary"))
        for chunk in answer.iter_bytes():
            for event in reader.feed(chunk):
                if isinstance(event, memoryview):
                    yield event
        reader.close()
    except IsocenterError as error:
        raise click.ClickException(f"the answer cannot be read: {error.message}") from error
