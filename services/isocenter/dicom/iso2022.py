"""Code extensions (PS3.5 6.1.2.5, after ISO/IEC 2022): escape sequences that switch character sets within a text."""

import re

# What follows the escape: G0 sets by the codec and the escape that select them, G1 sets by codec.
_G0 = {
    b"(B": "ascii",
    b"(J": "shift_jis",  # JIS X 0201 romaji
    b"$B": "iso2022_jp",  # JIS X 0208
    b"$@": "iso2022_jp",
    b"$(D": "iso2022_jp_2",  # JIS X 0212
}
_G1 = {
    b"-A": "latin_1",
    b"-B": "iso8859_2",
    b"-C": "iso8859_3",
    b"-D": "iso8859_4",
    b"-L": "iso8859_5",
    b"-G": "iso8859_6",
    b"-F": "iso8859_7",
    b"-H": "iso8859_8",
    b"-M": "iso8859_9",
    b"-b": "iso8859_15",
    b"-T": "tis_620",
    b")I": "shift_jis",  # JIS X 0201 katakana
    b"$)C": "euc_kr",  # KS X 1001
    b"$)A": "gb2312",
}
_DOUBLE = {"iso2022_jp", "iso2022_jp_2"}
_ESCAPES = re.compile(b"\x1b(" + b"|".join(re.escape(key) for key in (*_G0, *_G1)) + b")?")
_RUNS = re.compile(rb"[\x00-\x7f]+|[\x80-\xff]+")


def decode(raw: bytes, first: str, delimiters: bytes, fallback: str) -> tuple[str, bool]:
    """Decode a text with escape sequences; `first` is the codec in force at its start and after each delimiter.

    Control characters are delimiters too. `fallback` is for bytes above 127 while no set for them is in force. The flag
    tells whether all was as it should be.
    """
    reader = _Reader(first, delimiters, fallback)
    last = 0
    for escape in _ESCAPES.finditer(raw):
        reader.take(raw[last : escape.start()])
        reader.switch(escape[1])
        last = escape.end()
    reader.take(raw[last:])
    return "".join(reader.parts), reader.clean


class _Reader:
    def __init__(self, first: str, delimiters: bytes, fallback: str) -> None:
        self.parts: list[str] = []
        self.clean = True
        self._first = first
        self._fallback = fallback
        self._split = re.compile(b"([\x00-\x1a\x1c-\x1f" + re.escape(delimiters) + b"])")
        self._control = re.compile(b"([\x00-\x1a\x1c-\x1f])")
        self._reset()

    def _reset(self) -> None:
        self._g0 = b""  # escape that selected a two-byte G0 set, or empty
        self._g0_codec = "ascii"
        self._g1_codec = self._first

    def switch(self, escape: bytes | None) -> None:
        """Obey an escape sequence; an unknown one is left out."""
        if escape is None:
            self.clean = False
        elif escape in _G0:
            self._g0_codec = _G0[escape]
            self._g0 = b"\x1b" + escape if self._g0_codec in _DOUBLE else b""
        else:
            self._g1_codec = _G1[escape]

    def take(self, part: bytes) -> None:
        """Decode what stands between two escape sequences."""
        rest = part
        while rest:
            # In a two-byte set the bytes of a delimiter may be half of a character.
            found = (self._control if self._g0 else self._split).search(rest)
            if found is None:
                self._decode(rest)
                return
            self._decode(rest[: found.start()])
            self.parts.append(found[0].decode("ascii"))
            self._reset()
            rest = rest[found.end() :]

    def _decode(self, part: bytes) -> None:
        if not self._g0:
            self._append(part, self._g1_codec)
            return
        for run in _RUNS.findall(part):
            if run[0] < 0x80:
                self._append(self._g0 + run, self._g0_codec)
            else:
                self._append(run, self._g1_codec)

    def _append(self, part: bytes, codec: str) -> None:
        try:
            self.parts.append(part.decode(codec))
        except UnicodeDecodeError:
            self.clean = False
            self.parts.append(part.decode(self._fallback if codec == "ascii" else codec, "replace"))
