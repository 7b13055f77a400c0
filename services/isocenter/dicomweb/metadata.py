"""Metadata of instances as a client sends them (PS3.18 F.2): an array of DICOM JSON objects."""

from typing import Any

import orjson

from isocenter.errors import InvalidRequest


def read_json(content: bytes) -> list[dict[str, Any]]:
    """Read an array, or one object alone; raises InvalidRequest."""
    try:
        found = orjson.loads(content)
    except ValueError:
        raise InvalidRequest("the metadata are not JSON") from None
    instances = found if isinstance(found, list) else [found]
    if not instances or not all(isinstance(one, dict) for one in instances):
        raise InvalidRequest("the metadata are no array of DICOM JSON objects")
    return instances
