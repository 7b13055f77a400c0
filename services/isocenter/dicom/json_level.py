"""One data set or item while its JSON object is being made."""

from isocenter.dicom.ambiguous import is_signed
from isocenter.dicom.encoding import Encoding
from isocenter.dicom.json_values import JsonObject, Text


class Level:
    """`end` is where it has to end, or the end of what it is in when its length is `undefined`; `depth` 0 is the top.

    `text` and `signed` come from the level above until the data set says something of its own.
    """

    __slots__ = ("depth", "document", "encoding", "end", "signed", "text", "undefined", "unsorted")

    def __init__(
        self, end: int, encoding: Encoding, text: Text, *, undefined: bool, depth: int, signed: bool
    ) -> None:
        self.document: JsonObject = {}
        self.end = end
        self.encoding = encoding
        self.text = text
        self.undefined = undefined
        self.depth = depth
        self.signed = signed
        self.unsorted = False

    def below(self, end: int, encoding: Encoding, *, undefined: bool) -> "Level":
        """Open an item of this data set."""
        signed = is_signed(self.document, inherited=self.signed)
        text = Text(self.text.charset)
        return Level(end, encoding, text, undefined=undefined, depth=self.depth + 1, signed=signed)
