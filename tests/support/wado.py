"""WADO-RS by hand: what a client that wants the stored bytes gets."""

import re
from email.message import Message

import httpx

AS_STORED = 'multipart/related; type="application/dicom"; transfer-syntax=*'


def parts(answer: httpx.Response) -> list[bytes]:
    """Contents of the parts of a multipart answer (RFC 2046 5.1)."""
    head = Message()
    head["Content-Type"] = answer.headers["content-type"]
    boundary = str(head.get_param("boundary")).encode()
    pieces = (b"\r\n" + answer.content).split(b"\r\n--" + boundary)
    assert re.fullmatch(rb"--\s*", pieces[-1]), "no closing boundary"
    return [piece.split(b"\r\n\r\n", 1)[1] for piece in pieces[1:-1]]


def study_as_stored(client: httpx.Client, study: str) -> list[bytes]:
    """All Part 10 files of a study."""
    answer = client.get(f"/dicom-web/studies/{study}", headers={"Accept": AS_STORED})
    answer.raise_for_status()
    return parts(answer)
