"""Content that a browser keeps for us and can neither read nor change."""

import base64
import binascii
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE_BYTES = 12
MAX_SEALED = (
    3_800  # characters: with name and attributes a cookie of 4,096, which browsers have to take
)


class Seal:
    """Keys are of one secret and one purpose: all replicas open what one sealed, for that purpose only."""

    def __init__(self, secret: str, purpose: str) -> None:
        key = HKDF(SHA256(), 32, salt=None, info=f"isocenter {purpose} 1".encode())
        self._cipher = AESGCM(key.derive(secret.encode()))

    def seal(self, content: bytes) -> str:
        """Make text of it that fits into a cookie."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, content, None)
        return base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def open(self, text: str) -> bytes | None:
        """None is not ours, or changed."""
        if len(text) > MAX_SEALED:
            return None
        try:
            sealed = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None)
        except (InvalidTag, ValueError, binascii.Error):
            return None
