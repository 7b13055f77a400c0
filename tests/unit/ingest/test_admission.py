"""Places: bounded in all and by address, and none gets lost."""

from hypothesis import given
from hypothesis import strategies as st

from isocenter.ingest.admission import Places


def test_one_address_cannot_take_all() -> None:
    places = Places(3, 2)
    assert [places.take("a") for _ in range(3)] == [True, True, False]
    assert [places.take("b"), places.take("c")] == [True, False]
    places.give_back("a")
    assert places.take("c")


@given(st.lists(st.sampled_from("abc")))
def test_all_places_come_back(addresses: list[str]) -> None:
    places = Places(5, 3)
    taken = [address for address in addresses if places.take(address)]
    assert places.taken == len(taken) <= 5
    for address in taken:
        places.give_back(address)
    assert places.taken == 0
