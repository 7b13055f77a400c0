import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from isocenter.embedded.nats_cluster import ClusterNode, NatsCluster, SiteAccount, publishable
from isocenter.errors import InvalidRequest


@pytest.fixture
def cluster(tmp_path: Path) -> NatsCluster:
    nodes = tuple(
        ClusterNode(f"n{n}", tmp_path / f'a "quoted" store {n}', 4221 + n, 6221 + n)
        for n in (1, 2, 3)
    )
    sites = (SiteAccount("north", 'with "quotes"'), SiteAccount("south", "$2a$with dollars"))
    return NatsCluster(nodes, sites, "with @/:?# signs", "administrator's")


def test_every_nodes_configuration_is_valid_and_its_owners_only(
    cluster: NatsCluster, tmp_path: Path
) -> None:
    for node in cluster.nodes:
        path = tmp_path / f"{node.name}.conf"
        command = cluster.write(node, path)
        cluster.write(node, path)
        assert path.stat().st_mode & 0o777 == 0o600
        done = subprocess.run([*command, "-t"], capture_output=True, check=False, text=True)
        assert done.returncode == 0, done.stderr


def test_every_node_syncs_always_and_knows_the_others(cluster: NatsCluster) -> None:
    first, second, third = map(cluster.configuration, cluster.nodes)
    assert all('sync_interval: "always"' in text for text in (first, second, third))
    assert [port for port in (6222, 6223, 6224) if f"@127.0.0.1:{port}" in second] == [6222, 6224]
    assert "http:" not in first
    seen = replace(cluster.nodes[0], monitor_port=8222)
    assert 'http: "127.0.0.1:8222"' in cluster.configuration(seen)


def test_all_servers_are_in_the_address(cluster: NatsCluster) -> None:
    assert cluster.url == "nats://127.0.0.1:4222,127.0.0.1:4223,127.0.0.1:4224"


def test_a_site_may_publish_under_its_own_name_only() -> None:
    subjects = list(publishable("north"))
    assert [subject for subject in subjects if not subject.startswith("$JS.")] == [
        "isocenter.v1.north.>"
    ]
    own = ("isocenter-north-", "ACK.isocenter-north-")
    assert all(any(part in subject for part in own) for subject in subjects[1:])
    assert not any("DELETE" in subject or "PURGE" in subject for subject in subjects)
    with pytest.raises(InvalidRequest):
        list(publishable("*"))


def test_names_that_clash_and_more_replicas_than_servers_are_refused(cluster: NatsCluster) -> None:
    twice = (*cluster.sites, SiteAccount("north", "another"))
    taken = (SiteAccount("administrator", "x"),)
    for wrong in ({"sites": twice}, {"sites": taken}, {"replicas": 4}, {"replicas": 0}):
        with pytest.raises(InvalidRequest):
            replace(cluster, **wrong)
    with pytest.raises(InvalidRequest):
        replace(cluster, nodes=cluster.nodes[:1] * 3)
