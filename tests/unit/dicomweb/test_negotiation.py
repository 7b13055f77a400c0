"""What is sent for what a client accepts."""

import pytest

from isocenter.dicom.transfer_syntaxes import (
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)
from isocenter.dicomweb.media_types import acceptable
from isocenter.dicomweb.negotiation import Form, bulk_form, choose, frame_form, instance_form
from isocenter.errors import NotAcceptable

HTJ2K = "1.2.840.10008.1.2.4.202"
JPEG = "1.2.840.10008.1.2.4.50"
OCTETS = "application/octet-stream"
AS_STORED = Form("image/jphc", HTJ2K, multipart=True)


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        'multipart/related; type="*/*"',
        "multipart/related",
        "multipart/related; type=application/octet-stream; transfer-syntax=*",
        'multipart/related; type="image/jphc"',
        'multipart/related; type="image/jhc"; transfer-syntax=1.2.840.10008.1.2.4.202',
        'multipart/related; type="image/jls", multipart/related; type="image/*"',
    ],
)
def test_frames_come_as_stored_when_nothing_else_is_asked(accept: str) -> None:
    assert frame_form(acceptable(accept), HTJ2K, single=True) == AS_STORED


def test_a_single_frame_comes_alone_when_asked_so() -> None:
    assert frame_form(acceptable("image/jphc"), HTJ2K, single=True) == Form(
        "image/jphc", HTJ2K, False
    )
    assert frame_form(acceptable("image/jhc"), HTJ2K, single=True) == Form(
        "image/jphc", HTJ2K, False
    )
    with pytest.raises(NotAcceptable):
        frame_form(acceptable("image/jphc"), HTJ2K, single=False)


@pytest.mark.parametrize(
    "accept",
    [
        'multipart/related; type="application/octet-stream"; transfer-syntax=1.2.840.10008.1.2.1',
        'multipart/related; type="application/octet-stream"',
    ],
)
def test_octets_without_a_word_or_explicitly_little_endian_are_decoded(accept: str) -> None:
    form = frame_form(acceptable(accept), JPEG, single=True)
    assert form == Form(OCTETS, EXPLICIT_VR_LITTLE_ENDIAN, multipart=True, decoded=True)


def test_a_pack_is_for_those_who_name_it_unless_it_is_unlike_what_is_told() -> None:
    viewer = acceptable(
        'multipart/related; type="image/jphc"; transfer-syntax=1.2.840.10008.1.2.4.202, '
        "multipart/related; type=application/octet-stream; transfer-syntax=*; q=0.5"
    )
    streamed = Form("image/jphc", HTJ2K, multipart=True, streamed=True)
    as_stored = Form("image/jpeg", JPEG, multipart=True)
    for is_packed, is_alike, form in (
        (True, True, streamed),
        (True, False, as_stored),
        (False, True, as_stored),
    ):
        chosen = frame_form(viewer, JPEG, single=True, is_packed=is_packed, is_alike=is_alike)
        assert chosen == form
    only = acceptable("multipart/related; type=image/jphc")
    assert frame_form(only, JPEG, single=True, is_packed=True, is_alike=False) == streamed


def test_uncompressed_samples_are_never_decoded() -> None:
    expected = Form(OCTETS, EXPLICIT_VR_LITTLE_ENDIAN, multipart=True)
    for accept in ("*/*", 'multipart/related; type="application/octet-stream"'):
        for stored in (IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN):
            assert frame_form(acceptable(accept), stored, single=True) == expected


def test_big_endian_goes_only_to_those_who_ask_for_what_is_stored() -> None:
    assert frame_form(acceptable("*/*"), EXPLICIT_VR_BIG_ENDIAN, single=True).decoded
    as_stored = acceptable("multipart/related; type=application/octet-stream; transfer-syntax=*")
    form = frame_form(as_stored, EXPLICIT_VR_BIG_ENDIAN, single=True)
    assert form == Form(OCTETS, EXPLICIT_VR_BIG_ENDIAN, multipart=True)


@pytest.mark.parametrize(
    "accept",
    [
        'multipart/related; type="image/jls"',
        "text/html",
        'multipart/related; type="application/octet-stream"; transfer-syntax=1.2.840.10008.1.2.4.50',
    ],
)
def test_frames_in_a_form_that_is_not_there_are_refused(accept: str) -> None:
    with pytest.raises(NotAcceptable):
        frame_form(acceptable(accept), HTJ2K, single=True)


def test_instances_come_as_stored_and_say_their_syntax_when_they_share_it() -> None:
    accepted = acceptable('multipart/related; type="application/dicom"')
    assert instance_form(accepted, [JPEG, JPEG], single=False).transfer_syntax_uid == JPEG
    assert instance_form(accepted, [JPEG, HTJ2K], single=False).transfer_syntax_uid == ""


def test_one_instance_may_come_without_multipart() -> None:
    assert not instance_form(acceptable("application/dicom"), [JPEG], single=True).multipart
    with pytest.raises(NotAcceptable):
        instance_form(acceptable("application/dicom"), [JPEG], single=False)


def test_instances_are_written_in_lossless_syntaxes_and_no_others() -> None:
    accept = 'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.9'
    form = instance_form(acceptable(accept + "0"), [JPEG], single=True)
    assert (form.transfer_syntax_uid, form.decoded) == ("1.2.840.10008.1.2.4.90", True)
    with pytest.raises(NotAcceptable):
        instance_form(acceptable(accept + "1"), [JPEG], single=True)
    with pytest.raises(NotAcceptable):
        instance_form(acceptable(accept + "0"), [JPEG], single=True, compressible=False)


def test_bulk_data_come_alone_or_in_one_part() -> None:
    assert not bulk_form(acceptable("*/*")).multipart
    assert bulk_form(acceptable('multipart/related; type="*/*"')).multipart
    with pytest.raises(NotAcceptable):
        bulk_form(acceptable("image/png"))


def test_the_first_offer_is_taken_for_anything() -> None:
    assert choose(acceptable("*/*"), ("image/jpeg", "image/png")) == "image/jpeg"
    assert (
        choose(acceptable("image/png, image/jpeg;q=0.5"), ("image/jpeg", "image/png"))
        == "image/png"
    )
    with pytest.raises(NotAcceptable):
        choose(acceptable('multipart/related; type="application/dicom+xml"'), ("image/png",))
