"""The Native DICOM Model (PS3.19 A.1) as XML, to and from DICOM JSON: what older web clients speak.

Read without document types, entities of its own or anything outside: a declaration of such is an error.
"""

from collections.abc import Iterator
from typing import Any
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from isocenter.dicom.attributes import keyword_of
from isocenter.dicom.person_name import GROUPS
from isocenter.errors import InvalidRequest, LimitExceeded

MAX_DEPTH = 16
MAX_ATTRIBUTES = 1_000_000
_COMPONENTS = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")
_NUMBERS = {"IS": int, "DS": float, "FL": float, "FD": float}
_INTEGERS = frozenset({"SL", "SS", "SV", "UL", "US", "UV"})
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<NativeDicomModel xml:space="preserve">'


def write_xml(document: dict[str, Any]) -> bytes:
    """One instance, DICOM JSON, as a document."""
    return (_HEAD + "".join(_attributes(document)) + "</NativeDicomModel>\n").encode()


def _attributes(document: dict[str, Any]) -> Iterator[str]:
    for tag, content in sorted(document.items()):
        vr, keyword = content["vr"], keyword_of(int(tag, 16))
        named = f" keyword={quoteattr(keyword)}" if keyword else ""
        yield f'<DicomAttribute tag="{tag}" vr="{vr}"{named}>'
        if "BulkDataURI" in content:
            yield f"<BulkData uri={quoteattr(content['BulkDataURI'])}/>"
        elif "InlineBinary" in content:
            yield f"<InlineBinary>{content['InlineBinary']}</InlineBinary>"
        for number, value in enumerate(content.get("Value", []), 1):
            yield from _value(vr, number, value)
        yield "</DicomAttribute>"


def _value(vr: str, number: int, value: Any) -> Iterator[str]:
    if vr == "SQ":
        yield f'<Item number="{number}">'
        yield from _attributes(value or {})
        yield "</Item>"
    elif vr == "PN":
        yield f'<PersonName number="{number}">'
        for group in GROUPS:
            if (value or {}).get(group):
                yield f"<{group}>{_components(value[group])}</{group}>"
        yield "</PersonName>"
    elif value is not None:
        yield f'<Value number="{number}">{escape(str(value))}</Value>'


def _components(name: str) -> str:
    pairs = zip(_COMPONENTS, name.split("^"), strict=False)
    return "".join(f"<{tag}>{escape(part)}</{tag}>" for tag, part in pairs if part)


def read_xml(content: bytes) -> dict[str, Any]:
    """One instance as DICOM JSON; raises InvalidRequest, LimitExceeded."""
    reader = _Reader()
    parser = expat.ParserCreate(
        "UTF-8" if not content.startswith((b"\xff\xfe", b"\xfe\xff")) else None
    )
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise InvalidRequest("the metadata are not XML") from error
    except (ValueError, KeyError, IndexError) as error:
        raise InvalidRequest("the metadata are not of the Native DICOM Model") from error
    return reader.documents[0]


def _refuse(*declared: object) -> None:
    del declared
    raise InvalidRequest("document types and entities are not taken")


class _Reader:
    """Puts documents together from the inside out."""

    def __init__(self) -> None:
        self.documents: list[dict[str, Any]] = [{}]  # the last is the innermost
        self._attributes: list[dict[str, Any]] = []  # those that are open
        self._count = 0
        self._text: list[str] = []
        self._name: dict[str, list[str]] = {}

    def start(self, name: str, given: dict[str, str]) -> None:
        self._text = []
        if name == "DicomAttribute":
            self._count += 1
            if self._count > MAX_ATTRIBUTES or len(self.documents) > MAX_DEPTH:
                raise LimitExceeded("the metadata are too large")
            attribute: dict[str, Any] = {"vr": given["vr"]}
            self.documents[-1][given["tag"].upper()] = attribute
            self._attributes.append(attribute)
        elif name == "Item":
            self.documents.append({})
        elif name == "BulkData":
            self._attributes[-1]["BulkDataURI"] = given.get("uri") or given["uuid"]
        elif name == "PersonName":
            self._name = {}
        elif name in GROUPS:
            self._name[name] = [""] * len(_COMPONENTS)

    def text(self, content: str) -> None:
        self._text.append(content)

    def end(self, name: str) -> None:
        content, self._text = "".join(self._text), []
        if name == "DicomAttribute":
            self._attributes.pop()
        elif name == "Item":
            self._values().append(self.documents.pop())
        elif name == "Value":
            self._values().append(_typed(self._attributes[-1]["vr"], content))
        elif name == "InlineBinary":
            self._attributes[-1]["InlineBinary"] = content.strip()
        elif name in _COMPONENTS:
            list(self._name.values())[-1][_COMPONENTS.index(name)] = content
        elif name == "PersonName":
            joined = {group: "^".join(parts).rstrip("^") for group, parts in self._name.items()}
            self._values().append({group: text for group, text in joined.items() if text})

    def _values(self) -> list[Any]:
        values: list[Any] = self._attributes[-1].setdefault("Value", [])
        return values


def _typed(vr: str, text: str) -> Any:
    """A number as a number (PS3.18 F.2.3); what is none stays a text."""
    kind = int if vr in _INTEGERS else _NUMBERS.get(vr)
    if kind is None:
        return text
    try:
        return kind(text)
    except ValueError:
        return text
