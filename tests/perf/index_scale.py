"""Searches over a large generated index: `python -m tests.perf.index_scale 500000`.

Rows go in through the port, so the writing rate is measured too. Names, dates and modalities are drawn with the
skews of a hospital: few common surnames and many rare ones, ten years of dates, mostly CR and CT, hardly any OPT.
"""

# ruff: noqa: T201 - it reports to a person

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from isocenter.adapters.index.sqlite import SqliteGenerations, SqliteReader
from isocenter.adapters.index.sqlite.writer import SqliteIndex
from isocenter.dicom.fuzzy_names import fuzzy_name
from isocenter.dicom.matching import InSequence, Match, SingleValue, combine, parse
from isocenter.dicom.words import words_in, words_of
from isocenter.ports.index import Query
from isocenter.ports.index_rows import Claim, IndexBatch, InstanceRow, SeriesRow, StudyRow

SURNAMES = ["Müller", "Schmidt", "Rossi", "Martin", "Nguyen", "Silva", "Kowalski", "Yılmaz"]
SYLLABLES = ["ka", "lo", "mir", "ten", "vas", "dor", "nel", "hu", "sta", "gri", "pel", "zo"]
GIVEN = ["Anna", "Björn", "Chiara", "David", "Émile", "Fatma", "George", "Hana", "Ivan", "Jürgen"]
MODALITIES, WEIGHTS = ["CR", "CT", "MR", "US", "MG", "XA", "OPT"], [40, 30, 15, 10, 4, 0.95, 0.05]
SERIES, BATCH_STUDIES = 2, 50


def element(vr: str, *values: object) -> dict[str, object]:
    """One element of DICOM JSON."""
    return {"vr": vr, "Value": list(values)}


def dumped(document: dict[str, object]) -> bytes:
    """As the indexer writes it."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def study_document(number: int, uid: str, rng: random.Random) -> dict[str, object]:
    """Attributes of a study."""
    rare = "".join(rng.choices(SYLLABLES, k=3)).title()
    name = f"{rng.choice(SURNAMES) if rng.random() < 0.3 else rare}^{rng.choice(GIVEN)}"
    day = f"{rng.randint(2015, 2024)}{rng.randint(1, 12):02d}{rng.randint(1, 28):02d}"
    written = {"Alphabetic": name} | ({"Ideographic": "山田^太郎"} if number % 5000 == 7 else {})
    return {
        "00080020": element("DA", day),
        "00080030": element("TM", f"{rng.randint(7, 19):02d}{rng.randint(0, 59):02d}00"),
        "00080050": element("SH", f"A{number:08d}"),
        "00080061": element("CS", rng.choices(MODALITIES, WEIGHTS)[0]),
        "00080090": element("PN", {"Alphabetic": f"{rng.choice(SYLLABLES).title()}^Doc"}),
        "00081030": element("LO", rng.choice(["Chest", "Head", "Knee left", "Abdomen"])),
        "00100010": element("PN", written),
        "00100020": element("LO", f"P{number // 3:08d}"),
        "00100030": element("DA", f"{rng.randint(1930, 2020)}0{rng.randint(1, 9)}15"),
        "00100040": element("CS", rng.choice("MF")),
        "0020000D": element("UI", uid),
        "00201206": element("IS", SERIES),
    }


INSTANCE_DOCUMENT: dict[str, object] = {
    f"{0x00180000 + tag:08X}": element("DS", tag / 7, tag / 3) for tag in range(0x50, 0x50 + 25)
}


def add_study(batch: IndexBatch, number: int, instances: int, rng: random.Random) -> None:
    """A study with two series and that many instances."""
    uid = f"1.2.826.0.1.3680043.10.999.{number}.{rng.getrandbits(60)}"
    document = study_document(number, uid, rng)
    for part in range(instances):
        series = f"{uid}.{part % SERIES + 1}"
        sop = f"{series}.{part}"
        instance = INSTANCE_DOCUMENT | {
            "00080018": element("UI", sop),
            "00200013": element("IS", part),
        }
        batch.instances.append(
            InstanceRow(
                study_instance_uid=uid,
                series_instance_uid=series,
                sop_instance_uid=sop,
                digest=f"{rng.getrandbits(256):064x}",
                version=number + 1,
                node="n1",
                first_version=number + 1,
                sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
                transfer_syntax_uid="1.2.840.10008.1.2.1",
                object_key=f"instances/{uid}/{series}/{sop}.dcm",
                size_bytes=525_000,
                dataset_offset=340,
                deflated=False,
                pixel_data=bytes(40),
                document=dumped(instance),
                patient="",
                instance_number=part,
                number_of_frames=1,
                findings=(),
                current=True,
                held=False,
                deleted=False,
            )
        )
    for place in range(SERIES):
        requested = {
            "00400009": element("SH", f"S{number:08d}"),
            "00401001": element("SH", f"R{number:08d}"),
        }
        own = {
            "00400275": element("SQ", requested),
            "00080060": document["00080061"],
            "0020000E": element("UI", f"{uid}.{place + 1}"),
            "00200011": element("IS", place + 1),
        }
        batch.series.append(SeriesRow(uid, f"{uid}.{place + 1}", 1, dumped(own), dumped(own)))
    answer = dumped(document)
    row = StudyRow(uid, 1, answer, answer, "", instances, number, 1, True)
    batch.studies.append(replace(row, words=words_of([document])))


def fill(index: SqliteIndex, studies: int, instances: int) -> None:
    """Write all rows; what is timed is the index, not the making of rows."""
    rng = random.Random(7)
    spent, rows = 0.0, 0
    for start in range(0, studies, BATCH_STUDIES):
        batch = IndexBatch()
        for number in range(start, min(studies, start + BATCH_STUDIES)):
            add_study(batch, number, instances, rng)
        claims = [
            Claim(f"sop:{row.sop_instance_uid}", row.series_instance_uid, row.study_instance_uid)
            for row in batch.instances
        ]
        began = time.process_time()
        index.claim(claims)
        index.known(row.sop_instance_uid for row in batch.instances)
        index.write(batch)
        spent += time.process_time() - began
        rows += len(batch.instances)
    print(
        f"written {rows:,} instance rows in {spent:.0f} s of CPU: {rows / spent:,.0f} rows/s",
        flush=True,
    )


def searches(studies: int) -> dict[str, Callable[[random.Random], Query]]:
    """Kinds of searches; each call draws another one."""

    def query(*keys: tuple[str, str, str], level: str = "study", limit: int = 25) -> Query:
        read: list[Match | None] = [parse(*key) for key in keys]
        return Query(level, combine(m for m in read if m is not None), limit=limit)  # type: ignore[arg-type]

    def name(value: str) -> tuple[str, str, str]:
        return ("00100010", "PN", value)

    def days(rng: random.Random, years: int) -> tuple[str, str, str]:
        year = rng.randint(2015, 2024)
        return ("00080020", "DA", f"{year}{rng.randint(1, 12):02d}01-{min(2024, year + years)}1231")

    def rare(rng: random.Random) -> str:
        return "".join(rng.choices(SYLLABLES, k=3))

    def step(rng: random.Random) -> InSequence:
        asked = SingleValue("00400009", "SH", (f"S{rng.randrange(studies):08d}",))
        return InSequence("00400275", (asked,))

    def modality(value: str) -> tuple[str, str, str]:
        return ("00080061", "CS", value)

    patient = "00100020", "LO"
    return {
        "newest": lambda _: query(),
        "patient id": lambda r: query((*patient, f"P{r.randrange(studies // 3):08d}")),
        "accession": lambda r: query(("00080050", "SH", f"A{r.randrange(studies):08d}")),
        "name rare": lambda r: query(name(f"{rare(r)}*")),
        "name prefix common": lambda r: query(name(f"{r.choice(SURNAMES)[:3]}*")),
        "name fuzzy": lambda r: Query(
            "study", combine(fuzzy_name("00100010", f"{r.choice(SURNAMES)} {r.choice(GIVEN)}"))
        ),
        "name fuzzy rare": lambda r: Query("study", combine(fuzzy_name("00100010", rare(r)))),
        "free text": lambda r: Query("study", words=tuple(words_in(f"{rare(r)[:5]} chest"))),
        "free text, common": lambda r: Query("study", words=(r.choice(["ches", "kne", "ann"]),)),
        "free text, id": lambda r: Query("study", words=(f"p{r.randrange(studies // 3):08d}",)),
        "series of a step": lambda r: Query("series", (step(r),)),
        "name infix": lambda r: query(name(f"*{r.choice(SURNAMES)[1:5]}*")),
        "name infix rare": lambda r: query(name(f"*{rare(r)[2:]}*")),
        "name infix of two": lambda r: query(name(f"*{r.choice(SYLLABLES)[:2]}*")),
        "name infix of two, none": lambda _: query(name("*qx*")),
        "name infix of two, Han": lambda _: query(name("*太郎*")),
        "name all": lambda _: query(name("?*")),
        "name + referring": lambda r: query(
            name("m*"), ("00080090", "PN", f"{r.choice(SYLLABLES)}")
        ),
        "date + modality": lambda r: query(days(r, 0), modality(r.choice(MODALITIES[:5]))),
        "wide date + rare modality": lambda r: query(days(r, 9), modality("OPT")),
        "two modalities": lambda _: query(modality("OPT\\XA")),
        "name + modality": lambda r: query(name(f"{r.choice(SYLLABLES)}*"), modality("OPT")),
        "description": lambda _: query(("00081030", "LO", "*nee*")),
        "description, none": lambda _: query(("00081030", "LO", "*nix*")),
        "series of rare modality": lambda _: query(("00080060", "CS", "OPT"), level="series"),
        "instances of patient": lambda r: query(
            (*patient, f"P{r.randrange(studies // 3):08d}"), level="instance"
        ),
    }


def timed(act: Callable[[], object], seconds: float) -> Iterator[float]:
    """Milliseconds of each call, for so long."""
    end = time.perf_counter() + seconds
    while (began := time.perf_counter()) < end:
        act()
        yield (time.perf_counter() - began) * 1e3


def report(reader: SqliteReader, studies: int, seconds: float) -> None:
    """One line per kind of search and of count."""
    rng = random.Random(11)
    print(f"{'search':28}{'/CPU s':>9}{'median ms':>11}{'p95 ms':>9}{'max ms':>9}{'count ms':>10}")
    for label, draw in searches(studies).items():
        queries = [draw(rng) for _ in range(200)]
        found = sum(len(reader.search(q)) for q in queries[:3])
        cpu = time.process_time()
        times = sorted(timed(lambda qs=queries: reader.search(rng.choice(qs)), seconds))  # type: ignore[misc]
        cpu = time.process_time() - cpu
        counts = sorted(timed(lambda qs=queries: reader.count(rng.choice(qs), 10_000), seconds / 3))  # type: ignore[misc]
        print(
            f"{label:28}{len(times) / cpu:9,.0f}{times[len(times) // 2]:11.3f}"
            f"{times[int(len(times) * 0.95)]:9.2f}{times[-1]:9.1f}{counts[len(counts) // 2]:10.2f}   {found}",
            flush=True,
        )


def main() -> int:
    """Fill, then search."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("studies", type=int, nargs="?", default=100_000)
    parser.add_argument("--instances", type=int, default=10, help="of each study")
    parser.add_argument("--seconds", type=float, default=1.0, help="per kind of search")
    parser.add_argument("--folder", type=Path, help="keep the index here; filled when empty")
    asked = parser.parse_args()
    folder: Path = asked.folder or Path(tempfile.mkdtemp(prefix="index-scale-"))
    try:
        generations = SqliteGenerations(folder)
        index = generations.open()
        if index.totals()["studies"] < asked.studies:
            fill(index, asked.studies, asked.instances)
        index.close()
        size = sum(path.stat().st_size for path in folder.iterdir())
        print(f"{size / 1e6:,.0f} MB for {asked.studies:,} studies")
        report(SqliteReader(folder), asked.studies, asked.seconds)
    finally:
        if asked.folder is None:
            shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
