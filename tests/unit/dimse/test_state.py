"""The state table against PS3.8 Table 9-10, as pynetdicom has it."""

import pytest
from pynetdicom.fsm import ACTIONS, TRANSITION_TABLE

from isocenter.dimse.state import NEXT_STATE, TABLE, Action, Event, Machine, State


def test_table_has_every_cell_of_the_oracle_and_no_other() -> None:
    ours = {
        (f"Evt{event}", f"Sta{state}"): action.value for (event, state), action in TABLE.items()
    }
    assert ours == TRANSITION_TABLE


@pytest.mark.parametrize("action", list(Action))
def test_action_leads_to_the_state_of_the_oracle(action: Action) -> None:
    expected = ACTIONS[action.value][2]
    allowed = expected if isinstance(expected, tuple) else (expected,)
    assert f"Sta{NEXT_STATE[action]}" in allowed


def test_release_collision_depends_on_who_requested() -> None:
    for requestor, expected in (
        (True, State.COLLISION_REQUESTOR_AWAIT_LOCAL_RESPONSE),
        (False, State.COLLISION_ACCEPTOR_AWAIT_RELEASE_RP),
    ):
        machine = Machine(requestor=requestor)
        machine.state = State.AWAIT_RELEASE_RP
        assert machine.step(Event.RELEASE_RQ_PDU) is Action.AR_8
        assert machine.state is expected


def test_acceptor_goes_from_connection_to_release() -> None:
    machine = Machine()
    steps = (
        (Event.TRANSPORT_INDICATION, Action.AE_5),
        (Event.ASSOCIATE_RQ_PDU, Action.AE_6),
        (Event.ASSOCIATE_ACCEPT, Action.AE_7),
        (Event.P_DATA_PDU, Action.DT_2),
        (Event.P_DATA_REQUEST, Action.DT_1),
        (Event.RELEASE_RQ_PDU, Action.AR_2),
        (Event.RELEASE_RESPONSE, Action.AR_4),
        (Event.TRANSPORT_CLOSED, Action.AR_5),
    )
    assert [machine.step(event) for event, _ in steps] == [action for _, action in steps]
    assert machine.state is State.IDLE


def test_every_pdu_that_comes_in_some_state_has_a_transition() -> None:
    """No peer can bring the machine into a blank cell: PDUs, closing and garbage are answered wherever one can be."""
    connected = [state for state in State if state not in (State.IDLE, State.AWAIT_TRANSPORT_OPEN)]
    from_peer = (
        Event.ASSOCIATE_AC_PDU,
        Event.ASSOCIATE_RJ_PDU,
        Event.ASSOCIATE_RQ_PDU,
        Event.P_DATA_PDU,
        Event.RELEASE_RQ_PDU,
        Event.RELEASE_RP_PDU,
        Event.ABORT_PDU,
        Event.TRANSPORT_CLOSED,
        Event.INVALID_PDU,
    )
    assert all((event, state) in TABLE for event in from_peer for state in connected)
