"""Whatever documents hold: arranging them never fails, and their order is not that in which they came."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.series_documents import AXIAL, CORONAL, document

from isocenter.arrangement.study import arrange, in_order
from isocenter.dicom.attributes import TAGS, key_of

anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["vr", "Value", "00200032", "x"]), inner, max_size=3)
    ),
    max_leaves=12,
)
READ = [
    key_of(TAGS[keyword])
    for keyword in (
        "SOPInstanceUID", "InstanceNumber", "NumberOfFrames", "ImagePositionPatient", "Modality", "ImageType",
        "ImageOrientationPatient", "EchoTime", "TriggerTime", "ContrastBolusAgent", "ContrastBolusStartTime",
        "AcquisitionTime", "WindowCenter", "WindowWidth", "ViewPosition", "ViewCodeSequence", "SeriesDescription",
        "PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence", "PlanePositionSequence",
        "DiffusionBValue",
    )
]  # fmt: skip
elements = anything | st.fixed_dictionaries({"vr": anything, "Value": st.lists(anything)})
documents = anything | st.dictionaries(st.sampled_from([*READ, "00191010", "0019100C"]), elements)


@settings(max_examples=400, deadline=None)
@given(st.lists(documents, max_size=5), st.randoms())
def test_no_document_fails_and_none_depends_on_its_place(found: list[Any], random: Any) -> None:
    mixed = list(found)
    random.shuffle(mixed)
    assert repr(arrange("1.2", found)) == repr(arrange("1.2", mixed))


heights = st.sampled_from([0.0, 1.0, 2.0, 2.0004, 5.0, -3.5])
images = st.lists(
    st.builds(
        document,
        SOPInstanceUID=st.sampled_from([f"1.2.{number}" for number in range(30)]),
        InstanceNumber=st.integers(1, 4),
        Modality=st.sampled_from(["MR", "CT", "MG"]),
        ImagePositionPatient=st.tuples(st.just(0.0), heights, heights),
        ImageOrientationPatient=st.sampled_from([AXIAL, CORONAL, (1, 0, 0, 1, 0, 0)]),
        EchoTime=st.sampled_from([2.0, 90.0]),
        TriggerTime=st.integers(0, 3),
        ViewPosition=st.sampled_from(["CC", "MLO"]),
        ImageLaterality=st.sampled_from(["L", "R"]),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=400, deadline=None)
@given(images, st.randoms())
def test_any_order_of_images_gives_the_same_series(found: list[Any], random: Any) -> None:
    mixed = list(found)
    random.shuffle(mixed)
    series = arrange("1.2", found)
    assert series == arrange("1.2", mixed)
    names = {one["00080018"]["Value"][0] for one in found}
    assert {one.sop_instance_uid for one in series.instances} == names


@settings(max_examples=100, deadline=None)
@given(st.lists(images, max_size=5), st.randoms())
def test_any_order_of_series_gives_the_same_study(found: list[list[Any]], random: Any) -> None:
    series = [arrange(f"1.2.{number}", one) for number, one in enumerate(found)]
    mixed = list(series)
    random.shuffle(mixed)
    assert in_order(series) == in_order(mixed)
