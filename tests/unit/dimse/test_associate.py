"""A-ASSOCIATE PDUs: round trips, pynetdicom as oracle, and everything that is too long or cut off."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynetdicom.pdu import A_ASSOCIATE_AC, A_ASSOCIATE_RQ
from tests.support.associations import request_for

from isocenter.dimse.associate import (
    AnsweredContext,
    AssociateAccept,
    AssociateRequest,
    ContextResult,
    ProposedContext,
    decode_associate_accept,
    decode_associate_request,
    encode_associate_accept,
    encode_associate_request,
)
from isocenter.dimse.faults import ProtocolViolation
from isocenter.dimse.pdu import PduType, encode_pdu
from isocenter.dimse.user_information import (
    ExtendedNegotiation,
    RoleSelection,
    UserInformation,
)

uids = st.from_regex(r"[12](\.[1-9][0-9]{0,8}){1,5}", fullmatch=True)
titles = st.from_regex(r"[A-Z0-9_]([A-Z0-9_ ]{0,14}[A-Z0-9_])?", fullmatch=True)
users = st.builds(
    UserInformation,
    max_p_data_bytes=st.integers(0, 2**32 - 1),
    implementation_class_uid=uids,
    implementation_version_name=st.from_regex(r"[A-Z0-9_]{0,16}", fullmatch=True),
    async_operations=st.none() | st.tuples(st.integers(0, 65535), st.integers(0, 65535)),
    roles=st.lists(st.builds(RoleSelection, uids, st.booleans(), st.booleans()), max_size=5).map(
        tuple
    ),
    extended=st.lists(st.builds(ExtendedNegotiation, uids, st.binary(max_size=64)), max_size=5).map(
        tuple
    ),
)
requests = st.builds(
    AssociateRequest,
    called_ae_title=titles,
    calling_ae_title=titles,
    contexts=st.lists(
        st.builds(
            ProposedContext,
            st.integers(0, 127).map(lambda n: 2 * n + 1),
            uids,
            st.lists(uids, min_size=1, max_size=4).map(tuple),
        ),
        max_size=8,
        unique_by=lambda c: c.context_id,
    ).map(tuple),
    user=users,
)
accepts = st.builds(
    AssociateAccept,
    titles,
    titles,
    st.lists(
        st.builds(
            AnsweredContext,
            st.integers(0, 127).map(lambda n: 2 * n + 1),
            st.sampled_from(ContextResult),
            uids,
        ),
        max_size=8,
    ).map(tuple),
    users,
)


@given(requests)
def test_request_comes_back_as_it_was(request: AssociateRequest) -> None:
    assert decode_associate_request(memoryview(encode_associate_request(request))) == request


@given(accepts)
def test_accept_comes_back_as_it_was(accept: AssociateAccept) -> None:
    assert decode_associate_accept(memoryview(encode_associate_accept(accept))) == accept


@given(requests)
def test_request_is_read_alike_by_the_oracle(request: AssociateRequest) -> None:
    oracle = A_ASSOCIATE_RQ()
    oracle.decode(encode_pdu(PduType.ASSOCIATE_RQ, encode_associate_request(request)))
    assert oracle.called_ae_title.strip() == request.called_ae_title
    assert [
        (c.presentation_context_id, c.abstract_syntax, tuple(c.transfer_syntax))
        for c in oracle.presentation_context
    ] == [(c.context_id, c.abstract_syntax, c.transfer_syntaxes) for c in request.contexts]
    assert oracle.user_information.maximum_length == request.user.max_p_data_bytes


def test_accept_is_read_alike_by_the_oracle() -> None:
    accept = AssociateAccept(
        "ISOCENTER",
        "CT1",
        (AnsweredContext(1, ContextResult.ACCEPTANCE, "1.2.840.10008.1.2"),),
        UserInformation(16384, "1.2.3", "ISOCENTER_0_1"),
    )
    oracle = A_ASSOCIATE_AC()
    oracle.decode(encode_pdu(PduType.ASSOCIATE_AC, encode_associate_accept(accept)))
    assert [(c.context_id, c.result) for c in oracle.presentation_context] == [(1, 0)]
    assert oracle.user_information.implementation_version_name == "ISOCENTER_0_1"


@given(st.binary(max_size=400))
def test_garbage_is_a_violation_or_a_request(content: bytes) -> None:
    try:
        decode_associate_request(memoryview(content))
    except ProtocolViolation:
        return


@given(requests, st.data())
def test_cut_or_flipped_request_is_a_violation_or_a_request(
    request: AssociateRequest, data: st.DataObject
) -> None:
    content = bytearray(encode_associate_request(request))
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(0, len(content)))
    try:
        decode_associate_request(memoryview(bytes(content[:end])))
    except ProtocolViolation:
        return


def test_more_contexts_than_there_are_identifiers_are_a_violation() -> None:
    one = request_for("1.2.840.10008.1.1")
    content = encode_associate_request(one)
    item = encode_associate_request(one)[68 + 4 + 21 :]
    context = item[: 4 + int.from_bytes(item[2:4], "big")]
    with pytest.raises(ProtocolViolation):
        decode_associate_request(memoryview(content + context * 300))


def test_even_context_identifier_is_a_violation() -> None:
    request = AssociateRequest(
        "A", "B", (ProposedContext(2, "1.2", ("1.2.840.10008.1.2",)),), UserInformation()
    )
    with pytest.raises(ProtocolViolation):
        decode_associate_request(memoryview(encode_associate_request(request)))


def test_129_transfer_syntaxes_in_one_context_are_a_violation() -> None:
    context = ProposedContext(1, "1.2", tuple(f"1.2.{n}" for n in range(1, 130)))
    request = AssociateRequest("A", "B", (context,), UserInformation())
    with pytest.raises(ProtocolViolation):
        decode_associate_request(memoryview(encode_associate_request(request)))


def test_129_user_items_are_a_violation() -> None:
    roles = tuple(RoleSelection(f"1.2.{n}", True, False) for n in range(129))
    request = AssociateRequest("A", "B", (), UserInformation(roles=roles))
    with pytest.raises(ProtocolViolation):
        decode_associate_request(memoryview(encode_associate_request(request)))


def test_user_identity_is_noted_and_its_secret_not_kept() -> None:
    identity = b"\x02\x00\x00\x04user\x00\x06secret"
    item = b"\x58\x00" + len(identity).to_bytes(2, "big") + identity
    content = encode_associate_request(request_for("1.2.840.10008.1.1"))
    user = b"\x50\x00" + len(item).to_bytes(2, "big") + item
    decoded = decode_associate_request(memoryview(content + user))
    assert decoded.user.offers_user_identity
    assert "secret" not in repr(decoded)


@pytest.mark.parametrize("field", [b"A\\B", b"A\nB", b"", b"\xc4RZTE", b"../../etc"])
def test_only_valid_titles_are_titles(field: bytes) -> None:
    content = bytearray(encode_associate_request(request_for("1.2.840.10008.1.1")))
    content[20:36] = field.ljust(16)
    title = decode_associate_request(memoryview(bytes(content))).calling_ae_title
    assert title == ("../../etc" if field == b"../../etc" else "")
