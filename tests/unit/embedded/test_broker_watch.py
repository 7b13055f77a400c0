from pathlib import Path

import pytest

from isocenter.embedded import broker_watch
from isocenter.embedded.broker_watch import BrokerWatch

FAILURE = b"[ERR] JetStream failed to store a msg: write 1.blk: no space left on device\n"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "nats.log"
    path.write_bytes(b"before this start: " + FAILURE)
    return path


def test_broker_is_started_anew_once_after_a_failed_write(log: Path, tmp_path: Path) -> None:
    restarts: list[str] = []
    watch = BrokerWatch(log, tmp_path, lambda: restarts.append("restart"))
    watch.look()
    assert restarts == []
    with log.open("ab") as file:
        file.write(FAILURE)
    watch.look()
    watch.look()
    assert restarts == ["restart"]


def test_broker_is_left_alone_until_there_is_room(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    restarts: list[str] = []
    watch = BrokerWatch(log, tmp_path, lambda: restarts.append("restart"))
    room = broker_watch.ROOM_BYTES
    monkeypatch.setattr(broker_watch, "ROOM_BYTES", 1 << 62)
    with log.open("ab") as file:
        file.write(FAILURE)
    watch.look()
    assert restarts == []
    monkeypatch.setattr(broker_watch, "ROOM_BYTES", room)
    watch.look()
    assert restarts == ["restart"]
