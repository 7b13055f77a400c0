"""Every alert of the chart fires in a real Prometheus that watches real processes, with the fault that it is about."""

import re
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from tests.support.alerting import faults, indexing_faults, store_faults
from tests.support.alerting.rules import alerts, rendered, shortened
from tests.support.alerting.watched import Watched, watched
from tests.support.charts.tools import missing
from tests.support.senders import give_study

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.skipif(bool(missing()), reason="the chart's checkers are not installed"),
]

SITE = {"namespace": "n", "site": "north"}
HEALTHY_S = 25  # longer than any alert waits here


class Case(NamedTuple):
    """An alert, the fault it is about, and what it has to say of where that is."""

    alert: str
    fault: faults.Fault
    labels: dict[str, str]


CASES = [
    Case("IsocenterNobodyReceives", faults.receiver_killed, SITE),
    Case("IsocenterGone", faults.indexer_halted, SITE | {"pod": "r-isocenter-indexer-0"}),
    Case("IsocenterRestarting", faults.killed_again_and_again, SITE | {"node": "web-0"}),
    Case("IsocenterSpoolFilling", faults.disk_nearly_full, SITE | {"node": "ingest-0"}),
    Case("IsocenterSpoolNotCaughtUp", store_faults.store_away, SITE | {"node": "ingest-0"}),
    Case("IsocenterAnswersErrors", faults.disk_full_for_receivers, SITE),
    Case("IsocenterAuditLost", faults.disk_without_any_room, SITE),
    Case("IsocenterSignInsFail", faults.tokens_guessed, SITE),
    Case("IsocenterFilesRunOut", faults.senders_that_stay, SITE | {"node": "ingest-0"}),
    Case("IsocenterBrokerAway", faults.broker_dead, SITE),
    Case("IsocenterDeadLetters", indexing_faults.event_unreadable, SITE | {"service": "indexer"}),
    Case("IsocenterNotReady", indexing_faults.events_unreadable, SITE | {"node": "indexer-0"}),
    Case("IsocenterNobodyIndexes", indexing_faults.index_held_by_another, SITE),
    Case("IsocenterSlowToFind", indexing_faults.index_locked_now_and_then, SITE),
    Case("IsocenterJournalLag", indexing_faults.index_locked_while_scanners_send, SITE),
    Case("IsocenterConsumerLag", indexing_faults.events_flooding, SITE | {"service": "indexer"}),
]


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with watched(tmp_path_factory.mktemp("alerting")) as platform:
        platform.until_seen(f"count(up == 1) == {len(platform.pods.ports)}")
        yield platform


def test_every_alert_of_the_chart_has_its_fault_here() -> None:
    groups, _ = rendered()
    assert sorted(rule["alert"] for rule in alerts(groups)) == sorted(case.alert for case in CASES)


def test_of_a_rule_only_its_times_are_shortened() -> None:
    groups, _ = rendered()
    for rule, made in zip(alerts(groups), alerts(shortened(groups)), strict=True):
        assert rule.keys() == made.keys()
        assert timeless(rule) == timeless(made)


def timeless(rule: dict[str, Any]) -> dict[str, Any]:
    return rule | {"expr": re.sub(r"\[\w+\]", "[]", rule["expr"]), "for": ""}


def test_no_alert_fires_while_all_is_well(platform: Watched) -> None:
    give_study(platform.pods.url, 3)
    platform.until_quiet()
    platform.stays_quiet(HEALTHY_S)


@pytest.mark.parametrize("case", CASES, ids=[case.alert for case in CASES])
def test_alert_fires_with_its_fault_and_not_before(
    platform: Watched, case: Case, record_property: Callable[[str, object], None]
) -> None:
    platform.until_quiet()
    began_s = time.monotonic()
    with case.fault(platform) as meanwhile:
        platform.until_firing({"alertname": case.alert} | case.labels, meanwhile)
        record_property(f"{case.alert} fired after", f"{time.monotonic() - began_s:.1f} s")
