"""The query of a rendered picture."""

import pytest

from isocenter.dicomweb.rendering_parameters import RenderingParameters, rendering_parameters
from isocenter.errors import InvalidRequest


def test_window_viewport_and_quality_are_read() -> None:
    found = rendering_parameters(
        [
            ("window", "-450,2000,linear-exact"),
            ("viewport", "512,256,,10,-100,50"),
            ("quality", "70"),
        ]
    )
    assert found == RenderingParameters(
        window=(-450.0, 2000.0, "LINEAR_EXACT"),
        viewport=(512.0, 256.0, None, 10.0, -100.0, 50.0),
        quality=70,
    )


def test_annotations_are_checked_and_kept_for_the_warning() -> None:
    assert rendering_parameters([("annotation", "patient,technique")]).annotation == (
        "patient",
        "technique",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("window", "40"),
        ("window", "40,0,linear"),
        ("window", "a,b,linear"),
        ("window", "40,400,cubic"),
        ("window", "nan,400,linear"),
        ("viewport", "100"),
        ("viewport", "0,100"),
        ("viewport", "100000,100"),
        ("viewport", "10.5,10"),
        ("quality", "0"),
        ("quality", "101"),
        ("quality", "high"),
        ("annotation", "everything"),
        ("iccprofile", "mine"),
    ],
)
def test_what_cannot_be_meant_is_refused(name: str, value: str) -> None:
    with pytest.raises(InvalidRequest):
        rendering_parameters([(name, value)])
