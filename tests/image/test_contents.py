"""What the image holds, and what it does not."""

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.containers import Image, run

from isocenter.streaming.web.install_viewer import VERSION

ROOT = Path(__file__).parents[2]
LOCKED = re.compile(r"^([a-z0-9.-]+)==([^ ;\\]+)(?: ; (.*?))? ?\\?$", re.MULTILINE)
CHART = ROOT / "charts" / "isocenter"
BUILDERS = ("gcc", "cc", "g++", "make", "as", "ld", "pip", "pip3", "npm", "node", "uv", "buildah")
pytestmark = pytest.mark.timeout(900)  # the first test builds it


def locked(lock: str) -> dict[str, str]:
    """Names and versions that hold for Python 3.11 on Linux."""
    later = ("python_full_version >= '3.12'",)
    entries = LOCKED.findall((ROOT / lock).read_text())
    return {name: version for name, version, marker in entries if marker not in later}


def files(root: Path) -> Iterator[tuple[str, os.stat_result]]:
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder, name)
            yield str(path.relative_to(root)), path.lstat()


def test_help_answers_in_a_read_only_root_as_the_user_of_the_image(
    image: Image, tmp_path: Path
) -> None:
    done = run(image, tmp_path, *image.config["Entrypoint"], *image.config["Cmd"])
    assert done.returncode == 0, done.stderr
    assert "serve" in done.stdout


def test_the_user_is_the_one_that_the_chart_runs_as(image: Image, tmp_path: Path) -> None:
    user = re.search(r"^  user: (\d+)$", (CHART / "values.yaml").read_text(), re.MULTILINE)
    assert user
    assert image.config["User"] == f"{user[1]}:{user[1]}"
    done = run(image, tmp_path, "python", "-c", "import os; print(os.getuid(), os.getgid())")
    assert done.stdout.split() == [user[1], user[1]]


def test_nothing_inside_builds_or_installs(image: Image, tmp_path: Path) -> None:
    found = [name for path, _ in files(image.root) if (name := Path(path).name) in BUILDERS]
    assert found == []
    for module in ("pip", "setuptools", "ensurepip"):
        assert run(image, tmp_path, "python", "-c", f"import {module}").returncode == 1


def test_no_file_makes_anybody_root_and_none_of_the_product_can_be_changed(image: Image) -> None:
    for path, told in files(image.root):
        if stat.S_ISREG(told.st_mode):
            assert not told.st_mode & (stat.S_ISUID | stat.S_ISGID), path
            assert told.st_uid == 0 or not path.startswith("opt/"), path
            assert not told.st_mode & stat.S_IWOTH, path


def test_what_only_the_build_needed_to_know_is_not_inside(image: Image) -> None:
    assert not (image.root / "src").exists()
    assert [path.name for path in (image.root / "run" / "secrets").iterdir()] == ["isocenter"]
    text = str(image.config)
    assert "PIP_" not in text
    assert "NPM_" not in text


def test_labels_say_what_it_is_and_of_which_revision(image: Image) -> None:
    labels = image.config["Labels"]
    start = "org.opencontainers.image."
    version = re.search(r'^version = "(.*)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version
    assert labels[f"{start}title"] == "isocenter"
    assert labels[f"{start}version"] == version[1]
    assert re.fullmatch("[0-9a-f]{40}|unknown", labels[f"{start}revision"])


def test_its_list_of_contents_names_every_locked_distribution_and_no_other(image: Image) -> None:
    listed = {
        (one["name"], one["version"]) for one in image.bill["components"] if "pypi" in one["purl"]
    }
    assert listed == set(locked("services/requirements.lock").items())
    assert image.bill["metadata"]["component"]["name"] == "isocenter"


def test_its_list_of_contents_names_the_base_and_the_viewers(image: Image) -> None:
    listed = {one["purl"].partition("@")[0]: one["version"] for one in image.bill["components"]}
    assert "pkg:deb/debian/libc6" in listed
    assert listed.get("pkg:npm/%40ohif/app") == VERSION
    assert listed.keys() >= {"pkg:npm/%40cornerstonejs/core", "pkg:npm/%40cornerstonejs/tools"}
    assert "pkg:npm/vite" not in listed
    assert (image.root / "opt/isocenter/share/isocenter/quick/index.html.gz").exists()
    inside = image.root / "opt/isocenter/share/doc/sbom.cdx.json"
    assert inside.read_bytes() == image.archive.with_suffix(".cdx.json").read_bytes()


@pytest.mark.parametrize("lock", ["services/requirements.lock", "services/build-requirements.lock"])
def test_the_image_is_built_of_what_was_tested(lock: str) -> None:
    assert locked(lock).items() <= locked("requirements.lock").items()
