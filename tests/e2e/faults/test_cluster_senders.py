"""DCMTK sends all real files to the cluster platform: each is accounted for, and comes back byte for byte."""

from pathlib import Path

import pytest
from tests.e2e.test_senders import check_returned, storescu, uid_of
from tests.support.checker.check import check
from tests.support.checker.evidence import collect, until_indexed, until_told
from tests.support.cluster_platform import ClusterPlatform
from tests.support.dicom_files import all_files

pytestmark = pytest.mark.timeout(600)  # servers are started in it


def test_dcmtk_sends_all_files_and_each_is_accounted_for(
    cluster: ClusterPlatform, tmp_path: Path
) -> None:
    sent = storescu(cluster.dicom_port, tmp_path)
    assert len(sent.answers) + len(sent.refused) == len(all_files())
    acknowledged = {uid_of(path) for path, answer in sent.answers if "Success" in answer}
    assert len(acknowledged) > 150
    until_indexed(cluster)
    until_told(cluster)
    assert check(collect(cluster, sorted(acknowledged))) == []
    check_returned(cluster)
