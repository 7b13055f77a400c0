"""DICOMweb transactions that are served; a test holds them against the routes of a composed HTTP worker."""

from isocenter.operations.conformance.tables import markdown

_STUDY = "/dicom-web/studies/{study}"
_SERIES = f"{_STUDY}/series/{{series}}"
_INSTANCE = f"{_SERIES}/instances/{{instance}}"
_FRAMES = f"{_INSTANCE}/frames/{{frames}}"

TRANSACTIONS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("capabilities", "OPTIONS", ("/dicom-web",)),
    ("capabilities", "GET", ("/dicom-web",)),
    ("STOW-RS: store", "POST", ("/dicom-web/studies", _STUDY)),
    (
        "QIDO-RS: search",
        "GET",
        (
            "/dicom-web/studies",
            "/dicom-web/series",
            "/dicom-web/instances",
            f"{_STUDY}/series",
            f"{_STUDY}/instances",
            f"{_SERIES}/instances",
        ),
    ),
    ("WADO-RS: instances", "GET", (_STUDY, _SERIES, _INSTANCE)),
    ("WADO-RS: metadata", "GET", tuple(f"{one}/metadata" for one in (_STUDY, _SERIES, _INSTANCE))),
    (
        "WADO-RS: rendered",
        "GET",
        tuple(f"{one}/rendered" for one in (_STUDY, _SERIES, _INSTANCE, _FRAMES)),
    ),
    (
        "WADO-RS: thumbnail",
        "GET",
        tuple(f"{one}/thumbnail" for one in (_STUDY, _SERIES, _INSTANCE, _FRAMES)),
    ),
    ("WADO-RS: frames", "GET", (_FRAMES,)),
    ("WADO-RS: bulk data", "GET", (f"{_INSTANCE}/bulkdata/{{digest}}/{{offset}}/{{length}}",)),
    ("WADO-URI", "GET", ("/wado",)),
    (
        "beyond the standard: a series coarse to fine",
        "GET",
        (f"{_SERIES}/stream", f"{_STUDY}/stream"),
    ),
)


def web_transactions() -> str:
    """A line for each route."""
    rows = ((what, method, f"`{path}`") for what, method, paths in TRANSACTIONS for path in paths)
    return markdown(("transaction", "method", "path"), rows)
