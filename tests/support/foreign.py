"""Foreign senders, run as their users run them."""

import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

SENT = re.compile(r"^I: Sending file: (.*)$")
ANSWERED = re.compile(r"^I: Received Store Response \((.*)\)$")
# DCMTK says 600,000 times what it thinks of one of the real files, which takes it half a minute
QUIET_ABOUT_DATA = """\
log4cplus.rootLogger = INFO, console
log4cplus.logger.dcmtk.dcmdata = ERROR
log4cplus.appender.console = log4cplus::ConsoleAppender
log4cplus.appender.console.logToStdErr = true
log4cplus.appender.console.layout = log4cplus::PatternLayout
log4cplus.appender.console.layout.ConversionPattern = %P: %m%n
"""
PROPOSED = {  # storescu's options that propose one compressed transfer syntax
    "1.2.840.10008.1.2.4.50": "-xy",
    "1.2.840.10008.1.2.4.51": "-xx",
    "1.2.840.10008.1.2.4.70": "-xs",
    "1.2.840.10008.1.2.4.80": "-xt",
    "1.2.840.10008.1.2.4.81": "-xu",
    "1.2.840.10008.1.2.4.90": "-xv",
    "1.2.840.10008.1.2.4.91": "-xw",
    "1.2.840.10008.1.2.5": "-xr",
    "1.2.840.10008.1.2.1.99": "-xd",
}


def run(*command: object, within_s: float = 120) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=within_s,
        check=False,
    )


@dataclass
class Sent:
    """What a sender says: files it got an answer for with the answer, and files it did not send."""

    answers: list[tuple[Path, str]]
    refused: list[Path]


def storescu(port: int, files: Sequence[Path], folder: Path, *options: str) -> Sent:
    """All files on one association; what is proposed decides what it refuses by itself."""
    logging = folder / "dcmtk-logging.cfg"
    logging.write_text(QUIET_ABOUT_DATA)
    fixed = ("-lc", logging, "-nh", "-R", "-aec", "ISOCENTER", *options)
    done = run("storescu", *fixed, "127.0.0.1", port, *files)
    answers: list[tuple[Path, str]] = []
    current = Path()
    for line in (done.stdout + done.stderr).splitlines():
        if found := SENT.match(line):
            current = Path(found[1])
        elif found := ANSWERED.match(line):
            answers.append((current, found[1]))
    answered = {path for path, _ in answers}
    return Sent(answers, [path for path in files if path not in answered])


def dcmsend(port: int, files: Sequence[Path], report: Path) -> Sent:
    """All files, on as many associations as it takes; what it says is read from its report."""
    logging = report.with_name("dcmtk-logging.cfg")
    logging.write_text(QUIET_ABOUT_DATA)
    options = ("-lc", logging, "-dn", "-nh", "-nuc", "-aec", "ISOCENTER", "+crf", report)
    run("dcmsend", *options, "127.0.0.1", port, *files)
    answers: list[tuple[Path, str]] = []
    path = Path()
    for line in report.read_text(errors="replace").splitlines():
        name, _, value = (part.strip() for part in line.partition(" : "))
        if name == "Filename":
            path = Path(value)
        elif name == "DIMSE Status" and value != "<not sent>":
            answers.append((path, value))
    answered = {path for path, _ in answers}
    return Sent(answers, [path for path in files if path not in answered])


def digest(transfer_syntax: str, data_set: bytes) -> str:
    """The identity of bytes: sha256 over transfer syntax and data set."""
    return sha256(transfer_syntax.encode() + b"\n" + data_set).hexdigest()


def grouped(files: Iterable[tuple[Path, str]]) -> dict[str, list[Path]]:
    """Files by storescu's option for their transfer syntax; "" for the uncompressed and what it has no option for."""
    found: dict[str, list[Path]] = {}
    for path, syntax in files:
        found.setdefault(PROPOSED.get(syntax, ""), []).append(path)
    return found


@contextmanager
def started(command: Sequence[str]) -> Iterator[None]:
    """A foreign server for as long as the block lasts."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()
