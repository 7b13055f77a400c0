import subprocess
import sys
from pathlib import Path

import pytest

from isocenter.adapters.open import (
    open_bus,
    open_index_generations,
    open_index_reader,
    open_journal,
    open_objects,
)
from isocenter.errors import InvalidRequest
from isocenter.runtime.clock import HybridClock


def test_a_folder_with_a_space_is_made_and_used(tmp_path: Path) -> None:
    url = f"file://{tmp_path}/an%20archive/deep"
    objects = open_objects(url)
    objects.put("instances/1/2/3~0.dcm", b"bytes")
    assert objects.read("instances/1/2/3~0.dcm") == b"bytes"
    assert open_journal(url, HybridClock()).ends() == {}
    assert (tmp_path / "an archive" / "deep").is_dir()


def test_the_index_is_opened_for_reading_and_for_writing(tmp_path: Path) -> None:
    url = f"sqlite://{tmp_path}/index"
    open_index_generations(url).open().close()
    reader = open_index_reader(url)
    assert reader.positions() == {}
    reader.close()


@pytest.mark.parametrize(
    "url", ["", "/plain/path", "s3://bucket", "file://host/path", "file:relative", "file:///x?y"]
)
def test_a_url_that_names_no_adapter_is_refused(url: str) -> None:
    with pytest.raises(InvalidRequest):
        open_objects(url)
    with pytest.raises(InvalidRequest):
        open_index_reader(url)
    with pytest.raises(InvalidRequest):
        open_bus(url, site="local")


def test_nothing_is_loaded_before_it_is_asked_for() -> None:
    code = "import sys, isocenter.adapters.open; print({'nats', 'sqlite3'} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert out.stdout.strip() == "set()"
