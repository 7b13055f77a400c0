"""DA, TM and DT (PS3.5 6.2) in normal forms whose order as text is their order in time."""

import re
from calendar import monthrange
from datetime import datetime, timedelta

_DATE = re.compile(
    r"(\d{4})(?:(\d\d)(\d\d)|\.(\d\d)\.(\d\d))", re.ASCII
)  # dots: ACR-NEMA, still met
_TIME = re.compile(
    r"(\d\d)(?::?(\d\d)(?::?(\d\d)(?:\.(\d{1,6}))?)?)?", re.ASCII
)  # colons: ACR-NEMA
_DATE_TIME = re.compile(
    r"(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:\.(\d{1,6}))?)?)?)?)?)?([+-]\d{4})?",
    re.ASCII,
)
_FORMAT = "%Y%m%d%H%M%S.%f"
_LIMITS_HHMMSS = ((23, "23"), (59, "59"), (60, "59"))  # 60: a leap second
_LEAST_OFFSET, _GREATEST_OFFSET = -720, 840  # minutes, PS3.5 6.2


def date(text: str) -> str | None:
    """Give `YYYYMMDD`, or None when it is not a day of the calendar."""
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    year, month, day = found[1], found[2] or found[4], found[3] or found[5]
    if not 1 <= int(month) <= 12 or int(year) == 0:
        return None
    if not 1 <= int(day) <= monthrange(int(year), int(month))[1]:
        return None
    return year + month + day


def _filled(parts: tuple[str | None, ...], fraction: str | None) -> tuple[str, str] | None:
    """Earliest and latest `HHMMSS.FFFFFF` of what may end before its minutes, seconds or fraction."""
    low = high = ""
    for part, (limit, latest) in zip(parts, _LIMITS_HHMMSS, strict=True):
        if part is not None and int(part) > limit:
            return None
        low += part or "00"
        high += part or latest
    given = fraction or ""
    return f"{low}.{given:0<6}", f"{high}.{given:9<6}"


def time(text: str) -> tuple[str, str] | None:
    """Give the first and last moment the text may mean, as `HHMMSS.FFFFFF`; None when it is no time."""
    found = _TIME.fullmatch(text)
    return None if found is None else _filled((found[1], found[2], found[3]), found[4])


def _shifted(moment: str, offset_minutes: int) -> str:
    seconds = moment[:12] + min(moment[12:14], "59") + moment[14:]
    return (
        (datetime.strptime(seconds, _FORMAT) - timedelta(minutes=offset_minutes))
        .strftime(_FORMAT)
        .zfill(21)
    )


def _offset_minutes(suffix: str | None) -> int | None:
    if suffix is None:
        return 0
    minutes = int(suffix[1:3]) * 60 + int(suffix[3:])
    minutes = -minutes if suffix[0] == "-" else minutes
    return (
        minutes if int(suffix[3:]) < 60 and _LEAST_OFFSET <= minutes <= _GREATEST_OFFSET else None
    )


def _days(year: str, month: str | None, day: str | None) -> tuple[str, str] | None:
    first = date(year + (month or "01") + (day or "01"))
    if first is None:
        return None
    last_month = month or "12"
    last = day or str(monthrange(int(year), int(last_month))[1])
    return first, year + last_month + last


def date_time(text: str) -> tuple[str, str] | None:
    """Give the first and last moment the text may mean, as `YYYYMMDDHHMMSS.FFFFFF`.

    With an offset it is moved to UTC; without one it is taken as written. None when it is no date-time.
    """
    found = _DATE_TIME.fullmatch(text)
    if found is None:
        return None
    offset = _offset_minutes(found[8])
    days = _days(found[1], found[2], found[3])
    times = _filled((found[4] or None, found[5], found[6]), found[7])
    if offset is None or days is None or times is None:
        return None
    try:
        return _shifted(days[0] + times[0], offset), _shifted(days[1] + times[1], offset)
    except OverflowError:  # the first or last day of the calendar, moved beyond it
        return None
