"""The platforms of the journeys, of the cluster profile: the tests are those of the embedded one, unchanged."""

import os
from collections.abc import Iterator

import pytest
from tests.support.commanded import Commanded, platform
from tests.support.dicom_files import real_files

from isocenter.embedded.servers import find_programs
from isocenter.errors import Unavailable

START_S = 240.0  # on two cores that others use too


class OnServers(Commanded):
    """Started as `isocenter up --profile cluster`."""

    start_s = START_S

    def until_settled(self, within_s: float = 120.0) -> None:
        """Wait until the index has the whole journal, and every study its count."""
        self.until(lambda: self.json("status")["lag"] == 0 and self._counts_agree(), within_s)

    def _counts_agree(self) -> bool:
        studies = self.get("/dicom-web/studies?includefield=00201208").json()
        counted = sum(study["00201208"]["Value"][0] for study in studies)
        return bool(counted == len(self.get("/dicom-web/instances?limit=5000").json()) > 0)


@pytest.fixture(scope="package")
def cluster_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commanded]:
    """One platform with all real files; tests that change something do it to studies of their own."""
    try:
        find_programs()
    except Unavailable as error:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(error.message)
    folders = sorted({file.path.parent for file in real_files()})
    home = tmp_path_factory.mktemp("on-servers")
    with platform(home, "--profile", "cluster", made=OnServers) as running:
        running.cli("import", *folders, code=1)  # some are broken
        running.until_settled()
        yield running


@pytest.fixture
def library(cluster_desk: Commanded) -> Commanded:
    return cluster_desk


@pytest.fixture
def desk(cluster_desk: Commanded) -> Commanded:
    return cluster_desk
