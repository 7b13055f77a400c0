"""`isocenter prepare`, as the chart's Job runs it before the services, on real back-ends."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import nats
from tests.support.nats_server import RunningNats, running_nats
from tests.support.opensearch_server import OpenSearchForTests
from tests.support.s3_servers import S3ForTests


def prepare(folder: Path, **told: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ISOCENTER_")}
    return subprocess.run(
        [sys.executable, "-m", "isocenter", "prepare"],
        env=kept | {"ISOCENTER_DATA_FOLDER": str(folder / "data")} | told,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def stream_names(bus: RunningNats) -> list[str]:
    client = await nats.connect(bus.url, token=bus.token)
    found = [stream.config.name or "" for stream in await client.jetstream().streams_info()]
    await client.close()
    return found


def test_it_makes_streams_and_templates_and_may_be_repeated(
    tmp_path: Path, minio: S3ForTests, opensearch: OpenSearchForTests
) -> None:
    index_url = opensearch.fresh_url()
    told = {
        "ISOCENTER_OBJECTS_URL": minio.url(minio.fresh_bucket()),
        "ISOCENTER_OBJECTS_ACCESS_KEY": minio.access["access_key"],
        "ISOCENTER_OBJECTS_SECRET_KEY": minio.access["secret_key"],
        "ISOCENTER_INDEX_URL": index_url,
        **{f"ISOCENTER_INDEX_{name.upper()}": value for name, value in opensearch.secrets.items()},
    }
    with running_nats(tmp_path) as bus:
        told |= {"ISOCENTER_BUS_URL": bus.url, "ISOCENTER_BUS_TOKEN": bus.token}
        for _ in range(2):
            done = prepare(tmp_path, **told)
            assert done.returncode == 0, done.stderr
            assert "streams" in done.stdout
        names = asyncio.run(stream_names(bus))
    assert any("STUDY" in name.upper() for name in names)
    prefix = urlsplit(index_url).path.strip("/")
    found = opensearch.client.indices.get_index_template(name=f"{prefix}.*")
    assert found["index_templates"]


def test_a_broker_that_is_away_is_said_and_is_a_failure(tmp_path: Path) -> None:
    done = prepare(tmp_path, ISOCENTER_BUS_URL="nats://127.0.0.1:1")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("Error: ")
