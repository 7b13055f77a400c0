from pathlib import Path
from typing import ClassVar

import pytest
from pydantic import ValidationError

from isocenter.runtime.settings import ServiceSettings, read_settings


class CookSettings(ServiceSettings):
    service: ClassVar[str] = "cook"

    heat_c: int = 20


def test_back_ends_derive_from_the_data_folder_and_the_node_from_the_service(
    tmp_path: Path,
) -> None:
    settings = read_settings(CookSettings, data_folder=tmp_path)
    assert settings.node == "cook"
    assert settings.objects_url == settings.journal_url == f"file://{tmp_path}/archive"
    assert settings.index_url == f"sqlite://{tmp_path}/index"
    assert settings.run_folder == tmp_path / "run"
    assert settings.config_folder == tmp_path / "config"


def test_a_services_own_variable_wins_over_that_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISOCENTER_SITE", "everybody")
    monkeypatch.setenv("ISOCENTER_HTTP_PORT", "81")
    monkeypatch.setenv("ISOCENTER_COOK_SITE", "kitchen")
    settings = read_settings(CookSettings)
    assert (settings.site, settings.http_port) == ("kitchen", 81)


def test_all_problems_are_told_together_without_values_and_end_with_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ISOCENTER_HTTP_PORT", "not-a-port")
    monkeypatch.setenv("ISOCENTER_SITE", "No Such Site")
    monkeypatch.setenv("ISOCENTER_COOK_HEET_C", "30")
    with pytest.raises(SystemExit) as ended:
        read_settings(CookSettings)
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert "ISOCENTER_HTTP_PORT" in told
    assert "ISOCENTER_SITE" in told
    assert "ISOCENTER_COOK_HEET_C: no such setting" in told
    assert "not-a-port" not in told


def test_variables_of_other_services_are_none_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISOCENTER_TEST_DATA", "/somewhere")
    monkeypatch.setenv("ISOCENTER_WAITER_TIP", "1")
    assert read_settings(CookSettings).heat_c == 20


def test_settings_do_not_change_and_take_no_unknown_argument() -> None:
    settings = read_settings(CookSettings)
    with pytest.raises(ValidationError):
        settings.site = "other"  # type: ignore[misc]  # the point
    with pytest.raises(SystemExit):
        read_settings(CookSettings, heat_f=70)


def test_a_secret_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISOCENTER_BUS_TOKEN", "hush-hush")
    settings = read_settings(CookSettings)
    assert "hush-hush" not in repr(settings)
    assert settings.bus_token.get_secret_value() == "hush-hush"


def test_what_an_object_store_needs_is_set_and_its_secret_not_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ISOCENTER_OBJECTS_ACCESS_KEY", "key")
    monkeypatch.setenv("ISOCENTER_OBJECTS_SECRET_KEY", "the-secret")
    settings = read_settings(CookSettings, data_folder=tmp_path)
    assert settings.objects_access == {
        "access_key": "key",
        "secret_key": "the-secret",
        "spool_folder": str(tmp_path / "spool"),
    }
    assert "the-secret" not in repr(settings)


def test_a_secret_may_be_a_file_and_a_variable_wins_over_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "isocenter_objects_secret_key").write_text("of the file\n")
    (tmp_path / "ISOCENTER_RPC_TOKEN").write_text("also of a file")
    (tmp_path / "unrelated").write_text("x")
    monkeypatch.setenv("ISOCENTER_SECRETS_FOLDER", str(tmp_path))
    settings = read_settings(CookSettings)
    assert settings.objects_secret_key.get_secret_value() == "of the file"
    assert settings.rpc_token.get_secret_value() == "also of a file"
    monkeypatch.setenv("ISOCENTER_OBJECTS_SECRET_KEY", "of the variable")
    assert read_settings(CookSettings).objects_secret_key.get_secret_value() == "of the variable"
