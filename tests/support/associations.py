"""Association requests and messages as bytes, for peers that are not well behaved."""

import socket
import struct
from collections.abc import Sequence

from isocenter.dimse.associate import (
    AssociateRequest,
    ProposedContext,
    encode_associate_request,
)
from isocenter.dimse.commands import (
    NO_DATA_SET,
    CommandField,
    CommandSet,
    Element,
    decode_command_set,
    encode_command_set,
)
from isocenter.dimse.pdu import COMMAND, LAST, PduType, encode_p_data, encode_pdu
from isocenter.dimse.user_information import UserInformation

VERIFICATION = "1.2.840.10008.1.1"
CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
MAX_P_DATA = 16384


def request_for(
    *abstract_syntaxes: str,
    transfer_syntaxes: Sequence[str] = (EXPLICIT, IMPLICIT),
    calling: str = "TESTER",
    called: str = "ISOCENTER",
) -> AssociateRequest:
    contexts = tuple(
        ProposedContext(2 * n + 1, uid, tuple(transfer_syntaxes))
        for n, uid in enumerate(abstract_syntaxes)
    )
    user = UserInformation(MAX_P_DATA, "1.2.3.4", "TESTER_1")
    return AssociateRequest(called, calling, contexts, user)


def request_pdu(request: AssociateRequest) -> bytes:
    return encode_pdu(PduType.ASSOCIATE_RQ, encode_associate_request(request))


def store_command(
    sop_instance_uid: str = "1.2.3.4.5", sop_class_uid: str = CT_IMAGE_STORAGE, message_id: int = 1
) -> CommandSet:
    return {
        Element.AFFECTED_SOP_CLASS_UID: sop_class_uid,
        Element.COMMAND_FIELD: CommandField.C_STORE_RQ,
        Element.MESSAGE_ID: message_id,
        Element.PRIORITY: 0,
        Element.COMMAND_DATA_SET_TYPE: 1,
        Element.AFFECTED_SOP_INSTANCE_UID: sop_instance_uid,
    }


def echo_command(message_id: int = 1) -> CommandSet:
    return {
        Element.AFFECTED_SOP_CLASS_UID: VERIFICATION,
        Element.COMMAND_FIELD: CommandField.C_ECHO_RQ,
        Element.MESSAGE_ID: message_id,
        Element.COMMAND_DATA_SET_TYPE: NO_DATA_SET,
    }


def command_pdus(command: CommandSet, context_id: int = 1) -> bytes:
    content = encode_command_set(command)
    return b"".join(
        encode_p_data(context_id, content, is_command=True, max_p_data_bytes=MAX_P_DATA)
    )


def data_pdus(data_set: bytes, context_id: int = 1) -> bytes:
    return b"".join(
        encode_p_data(context_id, data_set, is_command=False, max_p_data_bytes=MAX_P_DATA)
    )


def p_data_pdu(*fragments: tuple[int, int, bytes]) -> bytes:
    """One P-DATA-TF of (context identifier, control, content)."""
    pdvs = b"".join(
        struct.pack(">IBB", len(content) + 2, context_id, control) + content
        for context_id, control, content in fragments
    )
    return encode_pdu(PduType.P_DATA_TF, pdvs)


class RawPeer:
    """A socket that says what it is told, and reads whole PDUs."""

    def __init__(self, port: int, timeout_s: float = 10) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)

    def __enter__(self) -> "RawPeer":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def associate(self, request: AssociateRequest) -> tuple[int, bytes]:
        self.send(request_pdu(request))
        return self.read_pdu()

    def read_pdu(self) -> tuple[int, bytes]:
        """Type and content; type 0 when the connection is closed."""
        header = self._read(6)
        if len(header) < 6:
            return 0, b""
        kind, length = struct.unpack(">BxI", header)
        return kind, self._read(length)

    def read_command(self) -> CommandSet:
        """The command set of a response that comes in one fragment."""
        kind, content = self.read_pdu()
        assert kind == PduType.P_DATA_TF, kind
        assert content[5] == COMMAND | LAST
        return decode_command_set(content[6:])

    def _read(self, count: int) -> bytes:
        got = bytearray()
        while len(got) < count:
            try:
                piece = self.socket.recv(count - len(got))
            except ConnectionResetError:
                break
            if not piece:
                break
            got += piece
        return bytes(got)
