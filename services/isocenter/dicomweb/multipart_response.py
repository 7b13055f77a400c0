"""The pieces of a multipart/related answer (RFC 2387, PS3.18 8.6.1.2), to be sent one after another and never joined.

The boundary is fixed and the body starts with it, so that byte ranges of the same answer fit together.
"""

BOUNDARY = "isocenter-5f8a1c2e9b7d4036"
_DELIMITER = f"--{BOUNDARY}\r\n".encode()
FIRST_DELIMITER = _DELIMITER
NEXT_DELIMITER = b"\r\n" + _DELIMITER
TAIL = f"\r\n--{BOUNDARY}--\r\n".encode()


def content_type(part_type: str, transfer_syntax_uid: str = "") -> str:
    """Content-Type of the whole, spelled as viewers expect it: no spaces, the type quoted."""
    syntax = f";transfer-syntax={transfer_syntax_uid}" if transfer_syntax_uid else ""
    return f'multipart/related;type="{part_type}";boundary={BOUNDARY}{syntax}'


def part_content_type(part_type: str, transfer_syntax_uid: str = "") -> str:
    """Content-Type of one part, or of a single-part answer."""
    return (
        f"{part_type};transfer-syntax={transfer_syntax_uid}" if transfer_syntax_uid else part_type
    )


def head(
    part_type: str, transfer_syntax_uid: str = "", *, first: bool = True, location: str = ""
) -> bytes:
    """Delimiter and headers of one part. Browsers' loaders look for `Content-Type:` in exactly this case."""
    lines = f"Content-Type: {part_content_type(part_type, transfer_syntax_uid)}\r\n"
    if location:
        lines += f"Content-Location: {location}\r\n"
    delimiter = FIRST_DELIMITER if first else NEXT_DELIMITER
    return delimiter + lines.encode("ascii") + b"\r\n"
