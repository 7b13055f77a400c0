"""The hospital's own hanging protocols, over a real server."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.web import serving

from isocenter.streaming.hanging_routes import HangingRoutes

OWN = {
    "protocols": [
        {"name": "Ours", "rows": 1, "columns": 1, "panes": [{"choose": {"modality": "CT"}}]}
    ]
}


async def asked(folder: Path) -> Any:
    async with serving(HangingRoutes(folder).routes()) as server, httpx.AsyncClient() as http:
        answer = await http.get(f"http://127.0.0.1:{server.port}/api/hanging")
        assert answer.status_code == 200
        return answer.json()


async def test_without_an_own_file_those_that_are_shipped_hold(tmp_path: Path) -> None:
    found = await asked(tmp_path / "none")
    assert found["problem"] == ""
    names = {one["name"] for one in found["protocols"]}
    assert {"Mammography, both sides", "CT of several phases", "MR of the brain"} <= names


async def test_an_own_file_holds_at_once(tmp_path: Path) -> None:
    own = tmp_path / "hanging.json"
    own.write_text(json.dumps(OWN))
    found = await asked(tmp_path)
    assert [one["name"] for one in found["protocols"]] == ["Ours"]
    own.write_text(json.dumps(OWN).replace("Ours", "Others"))
    assert (await asked(tmp_path))["protocols"][0]["name"] == "Others"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("{", "Invalid JSON"),
        ("[]", "object"),
        (json.dumps(OWN).replace('"rows": 1', '"rows": 9'), "protocols.0.rows"),
        (json.dumps(OWN).replace('"modality"', '"modallity"'), "modallity"),
        (
            json.dumps(OWN).replace("}}]", '}}, {"choose": {}}]'),
            "room",
        ),
    ],
)
async def test_a_wrong_file_is_told_and_those_that_are_shipped_hold(
    tmp_path: Path, wrong: str, said: str
) -> None:
    (tmp_path / "hanging.json").write_text(wrong)
    found = await asked(tmp_path)
    assert said in found["problem"]
    assert len(found["protocols"]) > 1
