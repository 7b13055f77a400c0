"""Names: the parts of one in any script, its groups, and what is remembered of it (fuzzy matching)."""

from tests.contract.name_vectors import FUZZY_VECTORS, NAME_VECTORS, NAMES
from tests.contract.vectors.chapter import Chapter, asked, summed
from tests.support.index_rows import Study, name

PATIENT = "PatientName"

PARTS = Chapter(
    1,
    "parts-of-names",
    summed(*(Study(uid, {"00100010": text}) for uid, text in NAMES.items())),
    (
        *(asked("study", " ".join(found), (PATIENT, key)) for key, found in NAME_VECTORS),
        *(
            asked("study", " ".join(found), (PATIENT, key), fuzzy=True)
            for key, found in FUZZY_VECTORS
        ),
    ),
)

_PEOPLE = {
    "6.1": name("Müller^Jörg"),
    "6.2": name("Mueller^Georg"),
    "6.3": name("Miller^Katherine"),
    "6.4": name("Schmidt^Stephan"),
    "6.5": name("Smith^Steven"),
    "6.6": name("Meier^Philipp"),
    "6.7": name("Mayr^Filip"),
    "6.8": name("Satō^Tarō", "佐藤^太郎", "さとう^たろう"),
    "6.9": name("Kowalski^Łukasz"),
    "6.10": name("Al-Rashid^Mohammed"),
    "6.11": name("Παπάς^Γιώργος"),
    "6.12": name("O'Neil^Ann"),
    "6.13": name("de la Cruz^José María"),
    "6.14": name("Li^Na"),
}
_DOCTORS = {
    "6.1": {"00080090": name("Weiß^Anna")},
    "6.2": {"00081048": name("Lefèvre^René")},
}
_FUZZY = (
    ("miller", "6.1 6.2 6.3"),
    ("MÜLLER", "6.1 6.2 6.3"),
    ("muller jorg", "6.1 6.2"),
    ("mueller^georg", "6.1 6.2"),
    ("georg, miller", "6.1 6.2"),
    ("katrin miller", "6.3"),
    ("catherine", "6.3"),
    ("mül", "6.1"),
    ("smith", "6.4 6.5"),
    ("smit", "6.4 6.5"),
    ("schmidt steven", "6.4 6.5"),
    ("schm", "6.4"),
    ("schmitz", ""),
    ("meyer filip", "6.6 6.7"),
    ("maier", "6.6 6.7 6.13"),
    ("felipe", "6.6 6.7"),
    ("sato taro", "6.8"),
    ("satoh tarou", "6.8"),
    ("佐藤 taro", "6.8"),
    ("さとう", "6.8"),
    ("サトウ タロウ", "6.8"),
    ("さとお", ""),
    ("=佐", "6.8"),
    ("kovalsky lucas", "6.9"),
    ("kowal", "6.9"),
    ("mohamed rashid", "6.10"),
    ("muhammad al-rasheed", "6.10"),
    ("παπας", "6.11"),
    ("γιωργος παπ", "6.11"),
    ("papas", ""),
    ("oneal", "6.12"),
    ("o'neill anne", "6.12"),
    ("cruz jose", "6.13"),
    ("kruz", "6.13"),
    ("maria jose", "6.13"),
    ("na li", "6.14"),
    ("lee", ""),
    ("*iller", "6.3"),
    ("m?ller", "6.1 6.3"),
    ("mil* katr*", ""),
    ("miller smith", ""),
    ('""', ""),
)

SOUNDS = Chapter(
    6,
    "sounds-of-names",
    summed(
        *(Study(uid, {"00100010": text} | _DOCTORS.get(uid, {})) for uid, text in _PEOPLE.items())
    ),
    (
        *(asked("study", found, (PATIENT, key), fuzzy=True) for key, found in _FUZZY),
        asked("study", "6.3", (PATIENT, "miller")),
        asked("study", "6.2", (PATIENT, "mueller")),
        asked("study", "6.5", (PATIENT, "smith^steven")),
        asked("study", "", (PATIENT, "smit")),
        asked("study", "6.1", ("ReferringPhysicianName", "weiss"), fuzzy=True),
        asked("study", "6.1", ("ReferringPhysicianName", "anne wise"), fuzzy=True),
        asked("study", "6.2", ("PhysiciansOfRecord", "rené lefever"), fuzzy=True),
        asked("study", "6.2", (PATIENT, "miller"), ("PhysiciansOfRecord", "rene"), fuzzy=True),
        asked("series", "6.4.1 6.5.1", (PATIENT, "smith"), fuzzy=True),
        asked("instance", "6.3.1.1", (PATIENT, "katrin"), fuzzy=True),
        asked("instance", "6.8.1.1", (PATIENT, "tarou"), ("InstanceNumber", "1"), fuzzy=True),
    ),
)
