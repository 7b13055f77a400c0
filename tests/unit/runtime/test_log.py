import errno
import io
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from isocenter.runtime.log import ALLOWED_FIELDS, configure, keep_allowed, logger, uid_hasher

UID = "1.2.840.113619.2.404.3.1"
Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def lines(out: io.StringIO) -> Any:
    root = logging.getLogger()
    before = root.level, root.handlers[:]
    configure("ingest", key=b"k", stream=out, site="local")
    yield lambda: [json.loads(line) for line in out.getvalue().splitlines()]
    structlog.reset_defaults()
    root.setLevel(before[0])
    root.handlers[:] = before[1]


def test_a_line_is_json_with_the_service_and_the_event(lines: Lines) -> None:
    logger("m").info("instance_stored", size_bytes=5)
    (line,) = lines()
    assert line["event"] == "instance_stored"
    assert (line["service"], line["site"], line["size_bytes"]) == ("ingest", "local", 5)
    assert line["level"] == "info"


class FullDisk(io.StringIO):
    """A file that has no room for another byte."""

    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, text)

    def flush(self) -> None:
        raise OSError(errno.ENOSPC, "")


def test_a_full_disk_costs_lines_and_no_process() -> None:
    configure("ingest", key=b"k", stream=FullDisk(), site="local")
    try:
        logger("m").error("not_ready", reason="LOW_MARK")
    finally:
        structlog.reset_defaults()


def test_patients_fields_are_dropped_and_counted(lines: Lines) -> None:
    logger("m").info("seen", patient_name="DOE^JANE", PatientID="12345", birth="19700101", count=1)
    (line,) = lines()
    assert "DOE" not in json.dumps(line)
    assert "12345" not in json.dumps(line)
    assert line["fields_dropped"] == 3


@given(st.dictionaries(st.text(min_size=1, max_size=20), st.text(max_size=20), max_size=6))
def test_whatever_is_not_on_the_list_never_comes_out(fields: dict[str, str]) -> None:
    kept = keep_allowed(uid_hasher(b"k"))(None, "", dict(fields))
    assert set(kept) <= ALLOWED_FIELDS | {"fields_dropped"}


def test_objects_are_dropped_even_in_an_allowed_field(lines: Lines) -> None:
    logger("m").info("seen", count={"PatientName": "DOE^JANE"})
    assert "DOE" not in json.dumps(lines())


def test_uids_are_hashed_alike_with_one_key_wherever_they_stand(lines: Lines) -> None:
    logger("m").info("seen", study_instance_uid=UID, reason=f"no {UID} here", peer="127.0.0.1")
    (line,) = lines()
    assert line["study_instance_uid"] == uid_hasher(b"k")(UID) != uid_hasher(b"other")(UID)
    assert UID not in json.dumps(line)
    assert line["peer"] == "127.0.0.1"


def test_uids_are_plain_when_asked_for(out: io.StringIO, lines: Lines) -> None:
    configure("ingest", log_uids=True, stream=out)
    logger("m").info("seen", study_instance_uid=UID)
    assert lines()[-1]["study_instance_uid"] == UID


def test_an_exception_shows_its_place_and_not_its_words(lines: Lines) -> None:
    try:
        raise ValueError("DOE^JANE is not a name")
    except ValueError:
        logger("m").exception("failed")
    (line,) = lines()
    assert line["error"] == "ValueError"
    assert "test_log.py" in line["stack"]
    assert "DOE" not in json.dumps(line)


def test_a_librarys_words_are_not_repeated(lines: Lines) -> None:
    logging.getLogger("some.library").warning("cannot read %s", "DOE^JANE")
    logging.getLogger("some.library").info("DOE^JANE")
    (line,) = lines()
    assert (line["event"], line["logger_name"]) == ("library_warning", "some.library")
    assert "DOE" not in json.dumps(line)
