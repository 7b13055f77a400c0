"""A program on the platform's machine stores over gRPC, and what it was told is durable can be found."""

from tests.support.commanded import Commanded
from tests.support.part10 import part10
from tests.support.senders import fresh_uid

from isocenter.client import StoreClient


def test_what_a_program_stored_can_be_found(desk: Commanded) -> None:
    study = fresh_uid()
    files = [part10(fresh_uid(), study, fresh_uid()) for _ in range(40)]
    with StoreClient.on_this_machine(desk.data) as client:
        assert {kept.status for kept in client.store(files)} == {"stored"}
        assert {kept.status for kept in client.store(files)} == {"duplicate"}
    desk.until_settled()
    found = desk.get(f"/dicom-web/studies/{study}/instances").json()
    assert len(found) == len(files)
