"""Whether an object that stands under a key is what its key says: asked before its sender hears Success again."""

import hashlib

from isocenter.dicom.part10 import read_file_meta
from isocenter.errors import InvalidInstance, LimitExceeded, NotFound
from isocenter.ports.objects import ObjectStore

_OUR_FILE_META_BYTES = 4096


def digest_start(transfer_syntax_uid: str) -> bytes:
    """What a digest begins with, before the bytes of the data set."""
    return f"{transfer_syntax_uid}\n".encode("ascii")


def sound_dataset_offset(
    objects: ObjectStore, key: str, digest: str, transfer_syntax_uid: str
) -> int | None:
    """Read the object again; give its data set's place, or None when its bytes are not those of the digest.

    Raises NotFound.
    """
    try:
        offset = read_file_meta(objects.read(key, 0, _OUR_FILE_META_BYTES)).dataset_offset
    except (InvalidInstance, LimitExceeded):
        return None
    sha = hashlib.sha256(digest_start(transfer_syntax_uid))
    for chunk in objects.stream(key, offset):
        sha.update(chunk)
    return offset if sha.hexdigest() == digest else None


def exists(objects: ObjectStore, key: str) -> bool:
    """Tell whether the key has an object."""
    try:
        objects.stat(key)
    except NotFound:
        return False
    return True
