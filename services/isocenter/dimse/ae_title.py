"""Application entity titles (PS3.5 6.2, VR AE): who calls, and who is called."""

AE_TITLE_LENGTH = 16


def is_valid_ae_title(title: str) -> bool:
    """Tell whether `title`, without its padding, is one: 1 to 16 printable ASCII characters without backslash."""
    return (
        0 < len(title) <= AE_TITLE_LENGTH
        and title == title.strip(" ")
        and all(" " <= character <= "~" and character != "\\" for character in title)
    )


def decode_ae_title(field: bytes) -> str:
    """Strip the padding, or give an empty text when the field holds no valid title."""
    title = field.decode("latin-1").strip(" \0")
    return title if is_valid_ae_title(title) else ""


def encode_ae_title(title: str) -> bytes:
    """Pad with spaces to the 16 bytes of an A-ASSOCIATE PDU; a ValueError is a bug of ours."""
    if not is_valid_ae_title(title):
        raise ValueError("not an AE title")
    return title.encode("ascii").ljust(AE_TITLE_LENGTH)
