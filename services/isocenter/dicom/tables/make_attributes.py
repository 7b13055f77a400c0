"""Make `attributes.tsv` from a list of PS3.6 attributes: `python make_attributes.py ATTRIBUTES_JSON`."""

import json
import sys
from pathlib import Path
from typing import Any

# Later additions to PS3.6 than the list's edition, and its rows without a value representation, are left out.
_FIELDS = ("valueRepresentation", "valueMultiplicity", "retired", "keyword")


def rows(attributes: list[dict[str, Any]]) -> list[str]:
    """Give one line per attribute: tag (x for any digit), VR, VM, Y when retired, keyword; sorted by tag."""
    lines = []
    for attribute in attributes:
        vr = attribute["valueRepresentation"]
        if not vr or vr.startswith("See"):
            continue
        tag = attribute["id"].upper().replace("X", "x")
        lines.append("\t".join([tag, *(attribute[field] for field in _FIELDS)]))
    return sorted(lines)


if __name__ == "__main__":
    source = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    Path(__file__).with_name("attributes.tsv").write_text("\n".join(rows(source)) + "\n", "utf-8")
