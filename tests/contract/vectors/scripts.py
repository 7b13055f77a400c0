"""Character sets: names and texts in the scripts of the world, whatever they were written in (PS3.5 6.1)."""

from tests.contract.vectors.chapter import Chapter, asked, summed
from tests.support.index_rows import Study, element, name

# What Specific Character Set says where such a study is made into a file.
CHARACTER_SETS = {
    "9.1": "ISO_IR 100",
    "9.2": "ISO_IR 144",
    "9.3": "ISO_IR 126",
    "9.4": "ISO_IR 127",
    "9.5": "ISO_IR 138",
    "9.6": "\\ISO 2022 IR 87",
    "9.7": "\\ISO 2022 IR 149",
    "9.8": "GB18030",
    "9.9": "ISO_IR 166",
    "9.10": "ISO_IR 192",
}
_TEXTS = {
    "9.1": (name("Buc^Jérôme"), "Thorax für Ärzte"),
    "9.2": (name("Иванов^Пётр"), "Грудная клетка"),
    "9.3": (name("Διονυσίου^Νίκος"), "Θώρακας"),
    "9.4": (name("قباني^لنزار"), "صدر"),
    "9.5": (name("שרון^דבורה"), "חזה"),
    "9.6": (name("Yamada^Tarou", "山田^太郎", "やまだ^たろう"), "胸部"),
    "9.7": (name("Hong^Gildong", "洪^吉洞", "홍^길동"), "흉부"),
    "9.8": (name("Wang^XiaoDong", "王^小东"), "胸部增强"),
    "9.9": (name("นามสกุล^ชื่อ"), "ทรวงอก"),
    "9.10": (name("Đặng^Ngọc"), "Ngực thẳng"),
}
NAME, TEXT = "PatientName", "StudyDescription"

SCRIPTS = Chapter(
    9,
    "character-sets",
    summed(
        *(
            Study(uid, {"00100010": person, "00081030": element("LO", text)})
            for uid, (person, text) in _TEXTS.items()
        )
    ),
    (
        asked("study", "9.1", (NAME, "jerome")),
        asked("study", "9.1", (NAME, "BUC^JÉRÔME")),
        asked("study", "9.1", (TEXT, "*Ärzte")),
        asked("study", "", (TEXT, "*ärzte")),
        asked("study", "9.1", (TEXT, "Thorax f?r*")),
        asked("study", "9.2", (NAME, "иванов")),
        asked("study", "9.2", (NAME, "ПЕТР")),
        asked("study", "9.2", (TEXT, "Грудная*")),
        asked("study", "9.3", (NAME, "νικος")),
        asked("study", "9.3", (TEXT, "Θώρακας")),
        asked("study", "9.4", (NAME, "قباني^*")),
        asked("study", "9.4", (TEXT, "صدر")),
        asked("study", "9.5", (NAME, "דבורה")),
        asked("study", "9.5", (TEXT, "ח*")),
        asked("study", "9.6", (NAME, "山田^太郎")),
        asked("study", "9.6", (NAME, "ヤマダ")),
        asked("study", "9.6 9.8", (TEXT, "胸部*")),
        asked("study", "9.6", (TEXT, "胸部")),
        asked("study", "9.7", (NAME, "길동")),
        asked("study", "9.7", (NAME, "=洪*=홍*")),
        asked("study", "9.7", (TEXT, "흉?")),
        asked("study", "9.8", (NAME, "小东")),
        asked("study", "9.8", (TEXT, "*增强")),
        asked("study", "9.9", (NAME, "ชื่อ")),
        asked("study", "9.9", (TEXT, "ทรวง*")),
        asked("study", "9.10", (NAME, "dang ngoc")),
        asked("study", "9.10", (TEXT, "Ngực*")),
        asked("study", "", (TEXT, "Nguc*")),
        asked("study", "9.6", (NAME, "太郎 やまだ"), fuzzy=True),
        asked("study", "9.2", (NAME, "петр иван"), fuzzy=True),
        asked("study", "9.10", (NAME, "ngoc dang"), fuzzy=True),
        asked("study", "9.6 9.8", ("q", "胸")),
        asked("study", "9.2", ("q", "клетка петр")),
    ),
)
