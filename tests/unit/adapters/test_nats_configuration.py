from pathlib import Path

import pytest

from isocenter.adapters.bus.streams import consumers_of, dead_letter_subject, stream_of, streams
from isocenter.embedded.nats_server import NatsServer
from isocenter.errors import InvalidRequest
from isocenter.events.catalog import DAY_S, FACTS, INSTANCE_STORED, STUDY_ARRIVED


def test_every_fact_lies_in_exactly_one_stream() -> None:
    for fact in FACTS:
        prefixes = [subject[:-1] for spec in streams("local") for subject in spec.subjects]
        assert sum(fact.subject("local", 7).startswith(prefix) for prefix in prefixes) == 1


def test_a_stream_keeps_as_long_as_its_most_patient_fact() -> None:
    assert stream_of("instance", "local").keep_s == 30 * DAY_S
    for fact in FACTS:
        assert stream_of(fact.name.partition(".")[0], "local").keep_s >= fact.keep_s


def test_a_service_has_one_consumer_per_stream_named_after_it() -> None:
    specs = consumers_of("indexer", "local", [INSTANCE_STORED, STUDY_ARRIVED])
    assert [(spec.stream.name, spec.durable, spec.filters) for spec in specs] == [
        ("isocenter-local-instance", "indexer", ("isocenter.v1.local.instance.stored.*",)),
        ("isocenter-local-study", "indexer", ("isocenter.v1.local.study.arrived.*",)),
    ]
    with pytest.raises(InvalidRequest):
        consumers_of("indexer", "local", [])


def test_dead_letters_have_a_subject_per_service() -> None:
    assert dead_letter_subject("indexer", "local", "05") == "isocenter.v1.local.dlq.indexer.05"


def test_the_brokers_configuration_is_its_owners_only_and_syncs_always(tmp_path: Path) -> None:
    server = NatsServer(tmp_path / 'a "quoted" store', 4222, token='with "quotes"')
    path = tmp_path / "nats.conf"
    command = server.write(path)
    server.write(path)
    assert path.stat().st_mode & 0o777 == 0o600
    text = path.read_text()
    assert 'listen: "127.0.0.1:4222"' in text
    assert 'sync_interval: "always"' in text
    assert r'token: "with \"quotes\""' in text
    assert command[1:] == ["--config", str(path)]
    assert Path(command[0]).is_file()
