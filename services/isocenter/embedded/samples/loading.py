"""Put the samples into an empty archive, through the same door as everybody's files."""

from collections.abc import Callable, Iterator

import httpx

from isocenter.embedded.samples.studies import sample_files


def is_empty(client: httpx.Client) -> bool:
    """Tell whether the archive has no study yet."""
    state: dict[str, int] = client.get("/api/state").raise_for_status().json()
    return state["studies"] == 0


def load(
    base_url: str, files: Iterator[bytes] | None = None, progress: Callable[[], None] = lambda: None
) -> int:
    """Send all samples; returns how many were stored. Raises httpx.HTTPError when the platform goes away."""
    stored = 0
    with httpx.Client(base_url=base_url, timeout=60.0, trust_env=False) as client:
        for content in files or sample_files():
            answer = client.post(
                "/api/import", content=content, headers={"Content-Type": "application/dicom"}
            )
            if answer.is_success:
                stored += answer.json()["status"] in ("stored", "duplicate")
            progress()
    return stored
