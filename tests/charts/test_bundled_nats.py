"""The broker that the chart brings along: three real servers take its configuration and are one broker."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.charts.pods import pods
from tests.support.charts.tools import CHART, missing, render
from tests.support.nats_server import die_with_parent
from tests.support.ports import free_port
from tests.support.wait import until

from isocenter.adapters.bus.nats import NatsBus
from isocenter.embedded.nats_server import binary
from isocenter.errors import IsocenterError

pytestmark = pytest.mark.skipif(bool(missing()), reason="the chart's checkers are not installed")

SITE = "local"
PASSWORD = "1 hush of the broker"  # what is no word and no number of the configuration language
NAME = "r-isocenter-nats"
SERVERS = tuple(f"{NAME}-{number}" for number in range(3))


def placed(text: str, server: str, folder: Path, ports: dict[str, int]) -> str:
    """The configuration of a pod, for a machine where three of them share one address."""
    for other in SERVERS:
        text = text.replace(f"{other}.{NAME}:6222", f"127.0.0.1:{ports[f'{other} routes']}")
    text = text.replace("0.0.0.0:6222", f"127.0.0.1:{ports[f'{server} routes']}")
    text = text.replace("0.0.0.0:4222", f"127.0.0.1:{ports[server]}")
    text = text.replace("0.0.0.0:8222", f"127.0.0.1:{free_port()}")
    return text.replace('"/data"', f'"{folder / server}"')


@pytest.fixture
def ports(tmp_path: Path) -> Iterator[dict[str, int]]:
    """Three servers as the chart starts them; where each listens."""
    rendering = render(CHART, CHART / "ci" / "bundled.yaml")
    pod = next(pod for pod in pods(rendering.documents) if pod.component == "nats")
    assert pod.maker["spec"]["replicas"] == len(SERVERS)
    told = {entry["name"] for entry in pod.containers[0]["env"]}
    assert told == {"POD_NAME", "BUS_PASSWORD", "BUS_PASSWORD_QUOTED"}
    quoted = pod.environment()["BUS_PASSWORD_QUOTED"].replace("$(BUS_PASSWORD)", PASSWORD)
    maps = [one for one in rendering.of_kind("ConfigMap") if one["metadata"]["name"] == NAME]
    text = maps[0]["data"]["nats.conf"]
    made = {f"{server}{what}": free_port() for server in SERVERS for what in ("", " routes")}
    running = []
    for server in SERVERS:
        path = tmp_path / f"{server}.conf"
        path.write_text(placed(text, server, tmp_path, made))
        running.append(
            subprocess.Popen(
                [
                    str(binary()),
                    *[
                        word.replace("/etc/nats/nats.conf", str(path))
                        for word in pod.containers[0]["args"]
                    ],
                ],
                env={**os.environ, "POD_NAME": server, "BUS_PASSWORD_QUOTED": quoted},
                stderr=(tmp_path / f"{server}.log").open("wb"),
                preexec_fn=die_with_parent,  # noqa: PLW1509  (one call to the kernel)
            )
        )
    yield made
    for process in running:
        process.kill()
        process.wait()


async def test_three_servers_are_one_broker_that_keeps_streams_on_all_of_them(
    ports: dict[str, int],
) -> None:
    servers = [f"nats://127.0.0.1:{ports[server]}" for server in SERVERS]
    bus = NatsBus(servers, site=SITE, user=SITE, token=PASSWORD, name="test", replicas=3)

    async def made() -> bool:
        try:
            await bus.ensure_streams()
        except IsocenterError:
            return False
        return True

    try:
        await until(made, 30)
    finally:
        await bus.close()


async def test_nobody_comes_in_without_the_password(ports: dict[str, int]) -> None:
    bus = NatsBus(
        [f"nats://127.0.0.1:{ports[SERVERS[0]]}"],
        site=SITE,
        user=SITE,
        token="guessed",
        name="test",
        replicas=1,
    )
    try:
        with pytest.raises(IsocenterError):
            await bus.ensure_streams()
    finally:
        await bus.close()
