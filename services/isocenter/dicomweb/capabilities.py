"""What this origin server can do, as a machine reads it (PS3.18 8.9, annex H): a WADL document, in XML or JSON."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import quoteattr

from isocenter.dicomweb.charsets import NAME
from isocenter.dicomweb.negotiation import DICOM, MULTIPART, XML

WADL = "application/vnd.sun.wadl+xml"
JSON = "application/json"
NAMESPACE = "http://wadl.dev.java.net/2009/02"
DICOM_JSON = "application/dicom+json"
_DOCUMENTS = (DICOM_JSON, JSON, f'{MULTIPART}; type="{XML}"')
_OBJECTS = (f'{MULTIPART}; type="{DICOM}"',)
_PICTURES = ("image/jpeg", "image/png")
_FRAMES = (
    f'{MULTIPART}; type="application/octet-stream"',
    *(f'{MULTIPART}; type="image/{one}"' for one in ("jpeg", "jls", "jp2", "jphc", "dicom-rle")),
)
_RENDERING = ("window", "viewport", "quality")
_SEARCH = (
    *("{attributeID}", "includefield", "limit", "offset", "orderby", "fuzzymatching"),
    *("emptyvaluematching", "multiplevaluematching", "q", "samepatientas"),
)


@dataclass(frozen=True, slots=True)
class Method:
    """One transaction of a resource: what may be asked with, what it takes, what it answers with."""

    verb: str
    name: str
    answers: tuple[str, ...]
    parameters: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Resource:
    path: str
    methods: list[Method] = field(default_factory=list)
    children: "dict[str, _Resource]" = field(default_factory=dict)


def _search(what: str) -> Method:
    return Method("GET", f"SearchFor{what}", _DOCUMENTS, _SEARCH)


def _rendered(what: str) -> tuple[tuple[str, Method], ...]:
    return (
        ("/rendered", Method("GET", f"RetrieveRendered{what}", _PICTURES, _RENDERING)),
        ("/thumbnail", Method("GET", f"Retrieve{what}Thumbnail", _PICTURES, _RENDERING)),
    )


def _level(path: str, what: str, *objects: str) -> Iterator[tuple[str, Method]]:
    yield path, Method("GET", f"Retrieve{what}", (*objects, *_OBJECTS))
    yield f"{path}/metadata", Method("GET", f"Retrieve{what}Metadata", _DOCUMENTS)
    for end, method in _rendered(what):
        yield path + end, method


_STUDY = "/studies/{StudyInstanceUID}"
_SERIES = f"{_STUDY}/series/{{SeriesInstanceUID}}"
_INSTANCE = f"{_SERIES}/instances/{{SOPInstanceUID}}"
_STORED = (
    *_OBJECTS,
    DICOM,
    f'{MULTIPART}; type="{DICOM_JSON}"',
    f'{MULTIPART}; type="{XML}"',
)
_STORE = Method("POST", "StoreInstances", (DICOM_JSON,), (), _STORED)
TRANSACTIONS: tuple[tuple[str, Method], ...] = (
    ("/studies", _search("Studies")),
    ("/studies", _STORE),
    ("/series", _search("Series")),
    ("/instances", _search("Instances")),
    *_level(_STUDY, "Study"),
    (_STUDY, Method("POST", "StoreStudyInstances", (DICOM_JSON,), (), _STORED)),
    (f"{_STUDY}/series", _search("StudySeries")),
    (f"{_STUDY}/instances", _search("StudyInstances")),
    *_level(_SERIES, "Series"),
    (f"{_SERIES}/instances", _search("StudySeriesInstances")),
    *_level(_INSTANCE, "Instance", DICOM),
    (f"{_INSTANCE}/frames/{{frames}}", Method("GET", "RetrieveFrames", _FRAMES)),
    *((f"{_INSTANCE}/frames/{{frames}}{end}", method) for end, method in _rendered("Frame")),
)


def as_wadl(base: str) -> bytes:
    """The description in XML; `base` is the URL of the service."""
    head = f'<?xml version="1.0" encoding="{NAME}"?>\n<application xmlns="{NAMESPACE}">'
    inside = "".join(map(_resource_xml, _tree()))
    return f"{head}<resources base={quoteattr(base)}>{inside}</resources></application>\n".encode()


def as_json(base: str) -> bytes:
    """The same document in JSON, element by element."""
    resources = {"base": base, "resource": list(map(_resource_json, _tree()))}
    return json.dumps({"application": {"resources": resources}}).encode()


def _tree() -> Iterable[_Resource]:
    root = _Resource("")
    for path, method in TRANSACTIONS:
        at = root
        for segment in path.strip("/").split("/"):
            at = at.children.setdefault(segment, _Resource(segment))
        at.methods.append(method)
    return root.children.values()


def _parameters(method: Method) -> list[dict[str, Any]]:
    accept = {
        "name": "Accept",
        "style": "header",
        "default": method.answers[0],
        "option": [{"value": value} for value in method.answers],
    }
    charset = {"name": "Accept-Charset", "style": "header", "option": [{"value": NAME}]}
    asked = [{"name": name, "style": "query"} for name in method.parameters]
    return [accept, charset, *asked]


def _method_json(method: Method) -> dict[str, Any]:
    request: dict[str, Any] = {"param": _parameters(method)}
    if method.takes:
        request["representation"] = [{"mediaType": value} for value in method.takes]
    answers = [{"mediaType": value} for value in method.answers]
    response = {"status": "200", "representation": answers}
    return {"name": method.verb, "id": method.name, "request": request, "response": [response]}


def _resource_json(resource: _Resource) -> dict[str, Any]:
    found: dict[str, Any] = {"path": resource.path}
    if resource.methods:
        found["method"] = list(map(_method_json, resource.methods))
    if resource.children:
        found["resource"] = list(map(_resource_json, resource.children.values()))
    return found


def _resource_xml(resource: _Resource) -> str:
    return _element("resource", _resource_json(resource))


def _element(name: str, content: dict[str, Any]) -> str:
    """Texts are attributes, everything else are elements of that name."""
    own = "".join(f" {key}={quoteattr(v)}" for key, v in content.items() if isinstance(v, str))
    inside = "".join(
        _element(key, one)
        for key, value in content.items()
        if not isinstance(value, str)
        for one in (value if isinstance(value, list) else [value])
    )
    return f"<{name}{own}>{inside}</{name}>" if inside else f"<{name}{own}/>"
