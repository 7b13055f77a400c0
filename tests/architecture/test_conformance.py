"""The DICOMweb transactions of the conformance statement are the routes of a composed HTTP worker."""

from tests.architecture.test_deny import Worker, worker

from isocenter.operations.conformance.web import TRANSACTIONS
from isocenter.streaming.base_url import PREFIX
from isocenter.streaming.uri_routes import PATH

__all__ = ["worker"]


async def test_every_transaction_is_served_and_every_one_that_is_served_is_told(
    worker: Worker,
) -> None:
    served = [
        (route.method, route.path)
        for route in worker.routes
        if route.path.startswith(f"{PREFIX}/") or route.path in (PREFIX, PATH)
    ]
    told = [(method, path) for _, method, paths in TRANSACTIONS for path in paths]
    assert sorted(told) == sorted(served)
