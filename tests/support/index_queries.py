"""Random studies and search keys over a small world, so that they meet often."""

from hypothesis import strategies as st
from tests.support.index_rows import Document, Study, element, name
from tests.support.reference_matcher import Key

_FAMILY = st.sampled_from(
    ["Müller", "mueller", "Muller Berg", "Ng", "Yılmaz", "O'Neil", "Παπάς", "ab", ""]
)
_GIVEN = st.sampled_from(["Anna", "Änne", "Jo", "Jo Ann", "ab", ""])
_IDEOGRAPHIC = st.sampled_from(["", "山田^太郎", "山^太", "홍^길동", "홍"])
_PHONETIC = st.sampled_from(["", "やまだ^たろう", "ヤマダ^タロウ"])
_TEXT = st.sampled_from(["A", "A1", "a1", "A[1]", "B*", "AB", "Ärzte"])
_DAY = st.sampled_from(["20240131", "20240201", "20240202", "2024.02.03", "2024020", "00000000"])
_TIME = st.sampled_from(["08", "0830", "083000", "083000.5", "235959.999999", "08:30:15", "x"])
_MODALITY = st.sampled_from(["CT", "MR", "SR", "OT"])
_NUMBER = st.sampled_from(["1", "2", "10"])


@st.composite
def _names(draw: st.DrawFn) -> dict[str, object]:
    alphabetic = "^".join(filter(None, [draw(_FAMILY), draw(_GIVEN)]))
    return name(alphabetic, draw(_IDEOGRAPHIC), draw(_PHONETIC))


def _some(vr: str, values: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, object]]:
    return st.one_of(values.map(lambda value: element(vr, value)), st.just(element(vr)))


def _document(
    fields: dict[str, st.SearchStrategy[dict[str, object]]],
) -> st.SearchStrategy[Document]:
    return st.fixed_dictionaries({}, optional=fields)


_STUDY = _document(
    {
        "00100010": _names(),
        "00080090": _names(),
        "00081048": _names(),
        "00100020": _some("LO", _TEXT),
        "00081030": _some("LO", _TEXT),
        "00080020": _some("DA", _DAY),
        "00080030": _some("TM", _TIME),
        "00080061": st.lists(_MODALITY, max_size=3, unique=True).map(
            lambda found: element("CS", *found)
        ),
        "00201206": _some("IS", _NUMBER),
        "00104000": _some("LT", _TEXT),
    }
)
_CODES = st.lists(
    _document({"00080100": _some("SH", _TEXT), "00080102": _some("SH", _MODALITY)}), max_size=2
)
_ITEM = _document(
    {
        "00400009": _some("SH", _TEXT),
        "00401001": _some("SH", _MODALITY),
        "00400002": _some("DA", _DAY),
        "00400008": _CODES.map(lambda items: element("SQ", *items)),
    }
)
_SERIES = _document(
    {
        "00400275": st.lists(_ITEM, max_size=3).map(lambda items: element("SQ", *items)),
        "00080060": _some("CS", _MODALITY),
        "0008103E": _some("LO", _TEXT),
        "00080021": _some("DA", _DAY),
        "00080031": _some("TM", _TIME),
        "00400244": _some("DA", _DAY),
        "00400245": _some("TM", _TIME),
        "00181030": _some("LO", _TEXT),
    }
)
_INSTANCE = _document(
    {"00280010": _some("US", _NUMBER), "00080008": st.just(element("CS", "ORIGINAL", "PRIMARY"))}
)


@st.composite
def studies(draw: st.DrawFn) -> list[Study]:
    """Up to eight studies of one or two series each."""
    count = draw(st.integers(0, 8))
    below = st.lists(
        st.tuples(_SERIES, st.lists(_INSTANCE, min_size=1, max_size=2)), min_size=1, max_size=2
    )
    return [Study(f"1.2.{number}", draw(_STUDY), draw(below)) for number in range(1, count + 1)]


_DAYS = ["20240131", "20240201", "20240202", "20240203"]
_DATE_KEY = st.one_of(
    st.sampled_from(_DAYS),
    st.tuples(st.sampled_from(_DAYS), st.sampled_from(_DAYS)).map(
        lambda ends: "-".join(sorted(ends))
    ),
    st.sampled_from(["20240201-", "-20240201", '""']),
)
_TIME_KEY = st.sampled_from(
    [
        "08",
        "0830",
        "083000",
        "083000.5",
        "08-09",
        "0830-083000",
        "083000.1-083000.6",
        "-0830",
        "0830-",
        "2359-2359",
        '""',
    ]
)
_PATTERN = st.one_of(
    _TEXT,
    st.text("A1aB[]*?", max_size=5),
    st.sampled_from(['""', "*", "A*", "?1", "*[*", "A\\B"]),
).filter(lambda key: not (("*" in key or "?" in key) and "\\" in key))
_NAME_KEY = st.one_of(
    _FAMILY,
    st.tuples(_FAMILY, _GIVEN).map("^".join),
    st.sampled_from(
        [
            *(
                "mu*",
                "*ller*",
                "*e*",
                "?nna",
                "muller^*",
                "*^jo*",
                "山*",
                "*田*",
                "太郎",
                "홍^*",
                "=山田*",
            ),
            *(
                "müller*=山*",
                "やまだ",
                "*まだ*",
                "jo ann",
                "ng jo",
                "*^*",
                "o'neil^",
                '""',
                "*ller^an*",
                "??",
            ),
        ]
    ),
)
_SHORT = st.sampled_from(["A", "A1", "A*", "?1", "", '""', "B\\AB"])
_CODE_KEY = st.tuples(
    st.tuples(st.just("00080100"), st.just("SH"), _SHORT),
    st.tuples(st.just("00080102"), st.just("SH"), st.sampled_from(["CT", "?R", ""])),
)
_ITEM_KEYS: st.SearchStrategy[tuple[Key, ...]] = st.tuples(
    st.tuples(st.just("00400009"), st.just("SH"), _SHORT),
    st.tuples(st.just("00401001"), st.just("SH"), st.sampled_from(["CT", "SR", '""', ""])),
    st.tuples(st.just("00400002"), st.just("DA"), st.sampled_from(["20240131-20240201", ""])),
    st.tuples(st.just("00400008"), st.just("SQ"), st.one_of(_CODE_KEY, st.just(""))),
)
_KEYS: dict[tuple[str, str], st.SearchStrategy[str | tuple[Key, ...]]] = {
    ("00400275", "SQ"): st.one_of(_ITEM_KEYS, st.just('""')),
    ("00100010", "PN"): _NAME_KEY,
    ("00080090", "PN"): _NAME_KEY,
    ("00081048", "PN"): _NAME_KEY,
    ("00100020", "LO"): _PATTERN,
    ("00081030", "LO"): _PATTERN,
    ("00104000", "LT"): _PATTERN.filter(lambda key: "\\" not in key),
    ("00080020", "DA"): _DATE_KEY,
    ("00080030", "TM"): _TIME_KEY,
    ("00080061", "CS"): st.sampled_from(["CT", "CT,MR", "SR\\OT", "?T", "*R", '""', "*"]),
    ("00201206", "IS"): st.sampled_from(["1", "02", "10", "3", '""']),
    ("0020000D", "UI"): st.sampled_from(["1.2.1", "1.2.1,1.2.3", "1.2.9"]),
    ("00080060", "CS"): st.sampled_from(["CT", "MR\\SR", "?T", '""']),
    ("0008103E", "LO"): _PATTERN,
    ("00080021", "DA"): _DATE_KEY,
    ("00080031", "TM"): _TIME_KEY,
    ("00400244", "DA"): _DATE_KEY,
    ("00400245", "TM"): _TIME_KEY,
    ("00181030", "LO"): _PATTERN,
    ("0020000E", "UI"): st.sampled_from(["1.2.1.1", "1.2.2.1\\1.2.1.2"]),
    ("00280010", "US"): st.sampled_from(["1", "2", '""']),
    ("00080008", "CS"): st.sampled_from(["PRIMARY", "ORIG*", "X"]),
}


@st.composite
def _query(draw: st.DrawFn) -> list[Key]:
    chosen = draw(st.lists(st.sampled_from(sorted(_KEYS)), min_size=1, max_size=3, unique=True))
    return [(tag, vr, draw(_KEYS[tag, vr])) for tag, vr in chosen]


def keys() -> st.SearchStrategy[list[list[Key]]]:
    """Several searches of up to three keys each."""
    return st.lists(_query(), min_size=3, max_size=8)
