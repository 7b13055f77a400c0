"""What a site's user may do on the cluster: say what happened at its own site, and nothing about or of another."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import nats.errors
import pytest
from nats.aio.client import Client
from tests.contract.bus_suite import take_and_ack
from tests.support.events import SITE, study_arrived
from tests.support.nats_cluster import PASSWORD, RunningCluster
from tests.support.wait import until

from isocenter.adapters.bus.nats import NatsBus
from isocenter.embedded.nats_cluster import SiteAccount
from isocenter.errors import Unavailable
from isocenter.events.catalog import STUDY_ARRIVED
from isocenter.events.headers import encode

ELSEWHERE = SiteAccount("elsewhere", PASSWORD)


@pytest.fixture
def account(nats_cluster: RunningCluster) -> SiteAccount:
    return nats_cluster.fresh_account()


@asynccontextmanager
async def refused(client: Client, what: str, count: int) -> AsyncIterator[None]:
    """So many times the broker refuses what is done in the block: a publish, or a subscription."""
    said: list[str] = []

    async def keep(error: Exception) -> None:
        said.append(str(error).lower())

    client._error_cb = keep
    yield
    await until(lambda: len(said) >= count)
    assert all(f"permissions violation for {what}" in text for text in said)
    assert len(said) == count


async def test_a_site_may_not_publish_on_anothers_subjects_and_the_other_hears_nothing(
    nats_cluster: RunningCluster, account: SiteAccount
) -> None:
    theirs = nats_cluster.bus(ELSEWHERE)
    consumer = await theirs.consumer("reader", [STUDY_ARRIVED])
    subject = "isocenter.v1.elsewhere.study.arrived.00"
    headers, data = encode(study_arrived())
    async with nats_cluster.connected(account) as client:
        async with refused(client, "publish", 1):
            await client.publish(subject, data, headers=headers)
        with pytest.raises(nats.errors.Error):
            await client.jetstream().publish(subject, data, headers=headers, timeout=1)
    assert await consumer.fetch(10, 0.3) == []
    await theirs.close()


async def test_a_bus_with_another_sites_password_only_cannot_speak_for_it(
    nats_cluster: RunningCluster,
) -> None:
    liar = NatsBus(nats_cluster.servers, site=SITE, user="elsewhere", token=PASSWORD)
    with pytest.raises(Unavailable):
        await liar.publish(study_arrived())
    await liar.close()


async def test_own_streams_can_be_made_and_read_and_not_be_emptied_or_deleted(
    nats_cluster: RunningCluster, account: SiteAccount
) -> None:
    bus = nats_cluster.bus(account)
    await bus.publish(study_arrived())
    stream = f"isocenter-{SITE}-study"
    verbs = ("PURGE", "DELETE", "MSG.DELETE", "MSG.GET", "SNAPSHOT", "RESTORE", "LEADER.STEPDOWN")
    async with nats_cluster.connected(account) as client, refused(client, "publish", len(verbs)):
        for verb in verbs:
            await client.publish(f"$JS.API.STREAM.{verb}.{stream}", b"{}")
    consumer = await bus.consumer("reader", [STUDY_ARRIVED])
    assert await take_and_ack(consumer, 1) == [study_arrived().id]
    await bus.close()


async def test_nobody_listens_to_subjects_or_to_the_cluster_itself(
    nats_cluster: RunningCluster, account: SiteAccount
) -> None:
    async with nats_cluster.connected(account) as client:
        subjects = (">", "isocenter.>", "$SYS.>", "$JS.>", f"isocenter.v1.{SITE}.>")
        async with refused(client, "subscription", len(subjects)):
            for subject in subjects:
                await client.subscribe(subject)
        with pytest.raises(nats.errors.Error):
            await client.request("$SYS.REQ.SERVER.PING", b"", timeout=0.5)


async def test_the_administrator_sees_all_servers(nats_cluster: RunningCluster) -> None:
    async with nats_cluster.connected() as client:
        inbox = await client.subscribe(client.new_inbox())
        await client.publish("$SYS.REQ.SERVER.PING", b"", reply=inbox.subject)
        answers = [(await inbox.next_msg(5)).data for _ in nats_cluster.cluster.nodes]
    for node in nats_cluster.cluster.nodes:
        assert any(f'"name":"{node.name}"'.encode() in answer for answer in answers)


@pytest.mark.parametrize(("user", "token"), [("local-0", "guess"), ("", PASSWORD), ("", "")])
async def test_who_proves_nothing_is_not_let_in(
    nats_cluster: RunningCluster, user: str, token: str
) -> None:
    stranger = NatsBus(nats_cluster.servers, site="local", user=user, token=token)
    stranger.start_s = 0.5
    with pytest.raises(Unavailable):
        await stranger.publish(study_arrived())
    await stranger.close()
