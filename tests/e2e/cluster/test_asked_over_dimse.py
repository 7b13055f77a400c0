"""Asked over DIMSE on servers: OpenSearch finds what SQLite finds, and data sets come out of MinIO."""

from pathlib import Path

import pytest
from tests.e2e.test_export import test_study_is_a_medium_with_the_bytes_that_were_sent
from tests.e2e.test_find import (
    test_a_patient_is_given_once,
    test_all_keys_come_back_and_no_others,
    test_answers_are_those_of_qido,
    test_findscu_is_answered,
)
from tests.support import foreign
from tests.support.commanded import Commanded

pytestmark = pytest.mark.timeout(600)  # servers are started in it

__all__ = [
    "test_a_patient_is_given_once",
    "test_all_keys_come_back_and_no_others",
    "test_answers_are_those_of_qido",
    "test_findscu_is_answered",
    "test_study_is_a_medium_with_the_bytes_that_were_sent",
]


def test_studies_are_got_from_either_receiver(library: Commanded, tmp_path: Path) -> None:
    studies = library.get("/dicom-web/studies", params={"ModalitiesInStudy": "MR"}).json()
    for number in range(4):  # the kernel deals associations out to two processes
        study = studies[number % len(studies)]
        folder = tmp_path / str(number)
        folder.mkdir()
        uid = study["0020000D"]["Value"][0]
        asked = ("-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={uid}")
        where = ("127.0.0.1", str(library.dicom_port))
        done = foreign.run("getscu", "-v", "-S", "+B", "-od", folder, *asked, *where)
        got = len(list(folder.iterdir()))
        assert got == study["00201208"]["Value"][0], done.stdout + done.stderr
