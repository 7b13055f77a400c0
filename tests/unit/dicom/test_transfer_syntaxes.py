from pydicom.uid import UID, UID_dictionary

from isocenter.dicom.transfer_syntaxes import TRANSFER_SYNTAXES, transfer_syntax

WITHOUT_A_DATA_SET_ENCODING = {
    "1.2.840.10008.1.2.6.1",
    "1.2.840.10008.1.2.6.2",
}  # MIME and XML, retired


def test_every_transfer_syntax_of_the_registry_is_in_the_table_under_its_keyword() -> None:
    for uid, (_, kind, _, _, keyword) in UID_dictionary.items():
        if kind == "Transfer Syntax" and uid not in WITHOUT_A_DATA_SET_ENCODING:
            assert TRANSFER_SYNTAXES[uid].keyword == keyword


def test_encodings_agree_with_the_registry() -> None:
    for uid, syntax in TRANSFER_SYNTAXES.items():
        if (
            not uid.startswith("1.2.840.10008.1.2.")
            or uid not in UID_dictionary
            or "JPIP" in syntax.keyword
        ):
            continue
        known = UID(uid)
        assert syntax.implicit == known.is_implicit_VR
        assert syntax.big_endian == (not known.is_little_endian)
        assert syntax.deflated == known.is_deflated
        assert syntax.encapsulated == known.is_encapsulated


def test_an_unknown_transfer_syntax_is_taken_as_encapsulated_explicit_little_endian() -> None:
    syntax = transfer_syntax("1.2.3.4")
    assert (syntax.known, syntax.encapsulated, syntax.implicit, syntax.big_endian) == (
        False,
        True,
        False,
        False,
    )
    assert syntax.media_type == "application/octet-stream"


def test_frames_have_the_media_type_viewers_look_for() -> None:
    assert transfer_syntax("1.2.840.10008.1.2.4.202").media_type == "image/jphc"
    assert transfer_syntax("1.2.840.10008.1.2.4.90").media_type == "image/jp2"
    assert transfer_syntax("1.2.840.10008.1.2.1").media_type == "application/octet-stream"
    assert transfer_syntax("1.2.840.10008.1.2.4.102").video
