"""One process of a site purges and tidies: two would take away what the other has just put back."""

from pathlib import Path

import pytest

from isocenter.ingest.settings import IngestSettings


@pytest.mark.parametrize(
    ("node", "purge_node", "purges"),
    [
        ("ingest", "", True),
        ("ingest-0", "ingest-0", True),
        ("ingest-1", "ingest-0", False),
    ],
)
def test_the_named_node_purges_and_no_other(
    tmp_path: Path, node: str, purge_node: str, purges: bool
) -> None:
    settings = IngestSettings(data_folder=tmp_path, node=node, purge_node=purge_node)
    assert settings.purges is purges
