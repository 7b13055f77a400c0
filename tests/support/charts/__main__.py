"""Run every check on the chart; exit code 1 when one of them found something."""

import sys
import time

from tests.support.charts.checks import CHECKS
from tests.support.charts.tools import CHART, missing


def main() -> int:
    """Say what was found, by the check's name."""
    if reason := missing():
        sys.stderr.write(f"the chart is not checked: {reason}\n")
        return 0
    failed = False
    began_s = time.monotonic()
    for name, check in CHECKS.items():
        for text in check(CHART):
            failed = True
            sys.stderr.write(f"{name}: {text}\n")
    told = "something is wrong with the chart" if failed else "the chart passes"
    sys.stdout.write(f"{told}: {len(CHECKS)} checks, {time.monotonic() - began_s:.1f} s\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
