"""The one page of the sign-in that is ours: why it did not work."""

from html import escape

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Isocenter</title>
<style>body{{background:#0b1118;color:#d7e0ea;font:16px system-ui;margin:15vh auto;max-width:32em;padding:0 1em}}
a{{color:#40b8d8}}</style>
<h1>Not signed in</h1><p>{reason}.</p><p><a href="/sign-in?prompt=login">Sign in again</a></p></html>
"""


def not_signed_in(reason: str) -> tuple[list[tuple[str, str]], bytes]:
    """Headers and body."""
    headers = [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"),
        ("X-Content-Type-Options", "nosniff"),
    ]
    return headers, _PAGE.format(reason=escape(reason[:1].upper() + reason[1:])).encode()
