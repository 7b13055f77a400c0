"""The upper layer's state machine (PS3.8 9.2, Table 9-10) as a table: no sockets, no timers, both roles."""

from enum import IntEnum, StrEnum


class State(IntEnum):
    """PS3.8 Tables 9-1 to 9-5."""

    IDLE = 1
    AWAIT_ASSOCIATE_RQ = 2
    AWAIT_LOCAL_ASSOCIATE_RESPONSE = 3
    AWAIT_TRANSPORT_OPEN = 4
    AWAIT_ASSOCIATE_AC_OR_RJ = 5
    ESTABLISHED = 6
    AWAIT_RELEASE_RP = 7
    AWAIT_LOCAL_RELEASE_RESPONSE = 8
    COLLISION_REQUESTOR_AWAIT_LOCAL_RESPONSE = 9
    COLLISION_ACCEPTOR_AWAIT_RELEASE_RP = 10
    COLLISION_REQUESTOR_AWAIT_RELEASE_RP = 11
    COLLISION_ACCEPTOR_AWAIT_LOCAL_RESPONSE = 12
    AWAIT_TRANSPORT_CLOSE = 13


class Event(IntEnum):
    """What may happen: the rows of PS3.8 Table 9-10."""

    ASSOCIATE_REQUEST = 1
    TRANSPORT_CONFIRM = 2
    ASSOCIATE_AC_PDU = 3
    ASSOCIATE_RJ_PDU = 4
    TRANSPORT_INDICATION = 5
    ASSOCIATE_RQ_PDU = 6
    ASSOCIATE_ACCEPT = 7
    ASSOCIATE_REJECT = 8
    P_DATA_REQUEST = 9
    P_DATA_PDU = 10
    RELEASE_REQUEST = 11
    RELEASE_RQ_PDU = 12
    RELEASE_RP_PDU = 13
    RELEASE_RESPONSE = 14
    ABORT_REQUEST = 15
    ABORT_PDU = 16
    TRANSPORT_CLOSED = 17
    ARTIM_EXPIRED = 18
    INVALID_PDU = 19


class Action(StrEnum):
    """What to do then: PS3.8 Tables 9-6 to 9-9."""

    AE_1 = "AE-1"
    AE_2 = "AE-2"
    AE_3 = "AE-3"
    AE_4 = "AE-4"
    AE_5 = "AE-5"
    AE_6 = "AE-6"
    AE_7 = "AE-7"
    AE_8 = "AE-8"
    DT_1 = "DT-1"
    DT_2 = "DT-2"
    AR_1 = "AR-1"
    AR_2 = "AR-2"
    AR_3 = "AR-3"
    AR_4 = "AR-4"
    AR_5 = "AR-5"
    AR_6 = "AR-6"
    AR_7 = "AR-7"
    AR_8 = "AR-8"
    AR_9 = "AR-9"
    AR_10 = "AR-10"
    AA_1 = "AA-1"
    AA_2 = "AA-2"
    AA_3 = "AA-3"
    AA_4 = "AA-4"
    AA_5 = "AA-5"
    AA_6 = "AA-6"
    AA_7 = "AA-7"
    AA_8 = "AA-8"


def _row(event: Event, cells: dict[Action, tuple[int, ...]]) -> dict[tuple[Event, State], Action]:
    return {(event, State(n)): action for action, states in cells.items() for n in states}


_UNEXPECTED = (3, 5, 6, 7, 8, 9, 10, 11, 12)  # the states in which a stray PDU aborts by AA-8


def _unexpected_but(*states: int) -> tuple[int, ...]:
    return tuple(n for n in _UNEXPECTED if n not in states)


_A = Action
TABLE: dict[tuple[Event, State], Action] = {
    **_row(Event.ASSOCIATE_REQUEST, {_A.AE_1: (1,)}),
    **_row(Event.TRANSPORT_CONFIRM, {_A.AE_2: (4,)}),
    **_row(
        Event.ASSOCIATE_AC_PDU,
        {_A.AA_1: (2,), _A.AE_3: (5,), _A.AA_8: _unexpected_but(5), _A.AA_6: (13,)},
    ),
    **_row(
        Event.ASSOCIATE_RJ_PDU,
        {_A.AA_1: (2,), _A.AE_4: (5,), _A.AA_8: _unexpected_but(5), _A.AA_6: (13,)},
    ),
    **_row(Event.TRANSPORT_INDICATION, {_A.AE_5: (1,)}),
    **_row(Event.ASSOCIATE_RQ_PDU, {_A.AE_6: (2,), _A.AA_8: _UNEXPECTED, _A.AA_7: (13,)}),
    **_row(Event.ASSOCIATE_ACCEPT, {_A.AE_7: (3,)}),
    **_row(Event.ASSOCIATE_REJECT, {_A.AE_8: (3,)}),
    **_row(Event.P_DATA_REQUEST, {_A.DT_1: (6,), _A.AR_7: (8,)}),
    **_row(
        Event.P_DATA_PDU,
        {
            _A.AA_1: (2,),
            _A.DT_2: (6,),
            _A.AR_6: (7,),
            _A.AA_8: _unexpected_but(6, 7),
            _A.AA_6: (13,),
        },
    ),
    **_row(Event.RELEASE_REQUEST, {_A.AR_1: (6,)}),
    **_row(
        Event.RELEASE_RQ_PDU,
        {
            _A.AA_1: (2,),
            _A.AR_2: (6,),
            _A.AR_8: (7,),
            _A.AA_8: _unexpected_but(6, 7),
            _A.AA_6: (13,),
        },
    ),
    **_row(
        Event.RELEASE_RP_PDU,
        {
            _A.AA_1: (2,),
            _A.AR_3: (7, 11),
            _A.AR_10: (10,),
            _A.AA_8: _unexpected_but(7, 10, 11),
            _A.AA_6: (13,),
        },
    ),
    **_row(Event.RELEASE_RESPONSE, {_A.AR_4: (8, 12), _A.AR_9: (9,)}),
    **_row(Event.ABORT_REQUEST, {_A.AA_1: _UNEXPECTED, _A.AA_2: (4,)}),
    **_row(Event.ABORT_PDU, {_A.AA_2: (2, 13), _A.AA_3: _UNEXPECTED}),
    **_row(
        Event.TRANSPORT_CLOSED,
        {_A.AA_5: (2,), _A.AA_4: (3, 4, *_UNEXPECTED[1:]), _A.AR_5: (13,)},
    ),
    **_row(Event.ARTIM_EXPIRED, {_A.AA_2: (2, 13)}),
    **_row(Event.INVALID_PDU, {_A.AA_1: (2,), _A.AA_8: _UNEXPECTED, _A.AA_7: (13,)}),
}

NEXT_STATE: dict[Action, State] = {
    _A.AE_1: State.AWAIT_TRANSPORT_OPEN,
    _A.AE_2: State.AWAIT_ASSOCIATE_AC_OR_RJ,
    _A.AE_3: State.ESTABLISHED,
    _A.AE_4: State.IDLE,
    _A.AE_5: State.AWAIT_ASSOCIATE_RQ,
    _A.AE_6: State.AWAIT_LOCAL_ASSOCIATE_RESPONSE,  # AWAIT_TRANSPORT_CLOSE when not acceptable
    _A.AE_7: State.ESTABLISHED,
    _A.AE_8: State.AWAIT_TRANSPORT_CLOSE,
    _A.DT_1: State.ESTABLISHED,
    _A.DT_2: State.ESTABLISHED,
    _A.AR_1: State.AWAIT_RELEASE_RP,
    _A.AR_2: State.AWAIT_LOCAL_RELEASE_RESPONSE,
    _A.AR_3: State.IDLE,
    _A.AR_4: State.AWAIT_TRANSPORT_CLOSE,
    _A.AR_5: State.IDLE,
    _A.AR_6: State.AWAIT_RELEASE_RP,
    _A.AR_7: State.AWAIT_LOCAL_RELEASE_RESPONSE,
    _A.AR_8: State.COLLISION_ACCEPTOR_AWAIT_RELEASE_RP,  # the requestor goes to state 9
    _A.AR_9: State.COLLISION_REQUESTOR_AWAIT_RELEASE_RP,
    _A.AR_10: State.COLLISION_ACCEPTOR_AWAIT_LOCAL_RESPONSE,
    _A.AA_1: State.AWAIT_TRANSPORT_CLOSE,
    _A.AA_2: State.IDLE,
    _A.AA_3: State.IDLE,
    _A.AA_4: State.IDLE,
    _A.AA_5: State.IDLE,
    _A.AA_6: State.AWAIT_TRANSPORT_CLOSE,
    _A.AA_7: State.AWAIT_TRANSPORT_CLOSE,
    _A.AA_8: State.AWAIT_TRANSPORT_CLOSE,
}


class Machine:
    """Where one association stands. The caller performs the action that `step` gives, at once."""

    __slots__ = ("_requestor", "state")

    def __init__(self, *, requestor: bool = False) -> None:
        self.state = State.IDLE
        self._requestor = requestor

    def step(self, event: Event) -> Action:
        """Take the transition; a KeyError is a bug of ours: an event that Table 9-10 leaves blank for this state."""
        action = TABLE[event, self.state]
        if action is Action.AR_8 and self._requestor:
            self.state = State.COLLISION_REQUESTOR_AWAIT_LOCAL_RESPONSE
        else:
            self.state = NEXT_STATE[action]
        return action
