"""Building the quick viewer, by an npm that writes down what it is asked and builds a small page."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from isocenter.streaming.web import install_quick

NPM = """#!/bin/sh
echo "$*" >> {folder}/calls
[ -e {folder}/broken ] && {{ echo "it is broken"; exit 1; }}
case "$1" in
ci) mkdir -p node_modules;;
run) [ "$3" = types ] && exit 0
     while [ "$1" != --outDir ]; do shift; done
     mkdir -p "$2/assets" && cp index.html "$2/" && echo 'run()' > "$2/assets/index.0123456789abcdef.js";;
esac
"""


@dataclass
class Workshop:
    """Sources, where they are built to, and the npm that builds them."""

    folder: Path
    sources: Path
    target: Path

    def calls(self) -> list[str]:
        path = self.folder / "calls"
        return [line.split()[0] for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    made = Workshop(tmp_path / "npm", tmp_path / "quick", tmp_path / "share" / "quick")
    made.folder.mkdir()
    (made.sources / "src").mkdir(parents=True)
    for name, content in {
        "package.json": "{}",
        "package-lock.json": "{}",
        "index.html": "<html>",
        "src/main.ts": "run();",
    }.items():
        (made.sources / name).write_text(content)
    npm = made.folder / "npm"
    npm.write_text(NPM.format(folder=made.folder))
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{made.folder}:/usr/bin:/bin")
    monkeypatch.setattr(install_quick, "SOURCES", made.sources)
    monkeypatch.setattr(install_quick, "quick_folder", lambda: made.target)
    return made


def test_the_quick_viewer_is_built_packed_and_stamped(workshop: Workshop) -> None:
    assert install_quick.main([]) == 0
    assert (workshop.target / "index.html.gz").exists()
    assert (workshop.target / "assets" / "index.0123456789abcdef.js.gz").exists()
    assert (workshop.target / "VERSION").read_text() == install_quick.stamp_text(workshop.sources)


def test_it_is_built_again_only_when_a_source_has_changed(workshop: Workshop) -> None:
    install_quick.main([])
    install_quick.main([])
    assert workshop.calls() == ["ci", "run"]
    (workshop.sources / "src" / "main.ts").write_text("walk();")
    install_quick.main([])
    assert workshop.calls() == ["ci", "run", "run"]
    (workshop.sources / "package-lock.json").write_text('{"other": 1}')
    install_quick.main([])
    assert workshop.calls() == ["ci", "run", "run", "ci", "run"]


def test_what_npm_leaves_in_the_sources_is_no_source(workshop: Workshop) -> None:
    before = install_quick.stamp_text(workshop.sources)
    install_quick.main([])
    (workshop.sources / "build").mkdir()
    (workshop.sources / "build" / "main.js").write_text("run()")
    assert install_quick.stamp_text(workshop.sources) == before


def test_without_npm_it_is_left_out_and_that_is_said(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(workshop.sources))
    assert install_quick.main([]) == install_quick.main(["--check"]) == 0
    assert "left out" in capsys.readouterr().err
    assert not workshop.target.exists()


def test_a_build_that_fails_leaves_the_one_before(workshop: Workshop) -> None:
    install_quick.main([])
    (workshop.sources / "src" / "main.ts").write_text("stumble();")
    (workshop.folder / "broken").touch()
    with pytest.raises(SystemExit, match="it is broken"):
        install_quick.main([])
    assert (workshop.target / "index.html").exists()


def test_checking_builds_nothing(workshop: Workshop) -> None:
    assert install_quick.main(["--check"]) == 0
    assert workshop.calls() == ["ci", "run", "test"]
    assert not workshop.target.exists()


def test_an_installed_package_has_no_sources_to_build(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install_quick, "SOURCES", workshop.folder / "none")
    assert install_quick.main([]) == 0
    assert workshop.calls() == []
