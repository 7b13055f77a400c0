"""Write what the image holds as CycloneDX JSON: Python distributions, Debian packages of the base, the viewers.

Run while the image is built, by the Python whose distributions are listed; the same contents give the same bytes.
"""

import hashlib
import json
import re
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

DEBIAN_STATUS = Path("/var/lib/dpkg/status")
VIEWER_STAMP = Path(sys.prefix) / "share" / "isocenter" / "viewer" / "VERSION"
QUICK_STAMP = Path(sys.prefix) / "share" / "isocenter" / "quick" / "VERSION"
QUICK_LOCK = Path(__file__).parents[1] / "isocenter/streaming/web/quick/package-lock.json"
PRODUCT = "isocenter"
Component = dict[str, Any]


def component(url: str, name: str, version: str, licenses: str = "") -> Component:
    """One entry; `url` is its package URL, which is its reference too."""
    entry: Component = {
        "type": "library",
        "bom-ref": url,
        "name": name,
        "version": version,
        "purl": url,
    }
    if licenses:
        entry["licenses"] = [{"license": {"name": licenses}}]
    return entry


def python_component(distribution: Distribution) -> Component:
    """An installed distribution, under its normalised name (PEP 503)."""
    name = re.sub(r"[-_.]+", "-", distribution.metadata["Name"]).lower()
    told = distribution.metadata["License-Expression"] or distribution.metadata["License"]
    first_line = (told or "").strip().partition("\n")[0]  # some put the whole text there
    return component(
        f"pkg:pypi/{name}@{distribution.version}", name, distribution.version, first_line
    )


def debian_components(status: Path) -> Iterator[Component]:
    """What dpkg says is installed."""
    if not status.exists():
        return
    for paragraph in status.read_text().split("\n\n"):
        fields = dict(re.findall(r"^([A-Z][\w-]*): (.*)$", paragraph, re.MULTILINE))
        if fields.get("Status") == "install ok installed":
            name, version = fields["Package"], fields["Version"]
            url = (
                f"pkg:deb/debian/{name}@{version.replace(':', '%3A')}?arch={fields['Architecture']}"
            )
            yield component(url, name, version)


def viewer_component(stamp: Path) -> Iterator[Component]:
    """The viewer, where it is installed."""
    if stamp.exists():
        version = stamp.read_text().split()[0]
        yield component(f"pkg:npm/%40ohif/app@{version}", "@ohif/app", version, "MIT")


def quick_components(stamp: Path, lock: Path) -> Iterator[Component]:
    """What the quick viewer is built of, where it is installed; what only builds it is not in it."""
    if not stamp.exists():
        return
    for path, told in json.loads(lock.read_text())["packages"].items():
        name = path.rpartition("node_modules/")[2]
        if name and not {"dev", "optional", "devOptional"} & told.keys():
            url = f"pkg:npm/{name.replace('@', '%40')}@{told['version']}"
            yield component(url, name, told["version"], told.get("license", ""))


def document(components: Iterable[Component]) -> dict[str, Any]:
    """The whole of it; the serial number is a function of what is listed."""
    listed = {entry["bom-ref"]: entry for entry in components}
    product = next(entry for entry in listed.values() if entry["name"] == PRODUCT)
    others = [listed[key] for key in sorted(listed) if listed[key] is not product]
    digest = hashlib.sha256("\n".join(sorted(listed)).encode()).hexdigest()
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{digest[:8]}-{digest[8:12]}-8{digest[13:16]}-a{digest[17:20]}-{digest[20:32]}",
        "version": 1,
        "metadata": {"component": {**product, "type": "application"}},
        "components": others,
    }


def main() -> None:
    """Print it."""
    found = [
        *map(python_component, distributions()),
        *debian_components(DEBIAN_STATUS),
        *viewer_component(VIEWER_STAMP),
        *quick_components(QUICK_STAMP, QUICK_LOCK),
    ]
    sys.stdout.write(json.dumps(document(found), indent=1) + "\n")


if __name__ == "__main__":
    main()
