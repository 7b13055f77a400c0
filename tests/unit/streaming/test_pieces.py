"""Bodies in pieces, and the cache that bounds what is kept."""

from hypothesis import given
from hypothesis import strategies as st

from isocenter.streaming.cache import Lru
from isocenter.streaming.frame_routes import pack_bits
from isocenter.streaming.pieces import cut, length_of


@given(st.lists(st.binary(max_size=10), max_size=6), st.data())
def test_a_cut_is_that_of_the_joined_bytes(pieces: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(pieces)
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, len(whole)))
    found = cut([memoryview(piece) for piece in pieces], start, end)
    assert b"".join(found) == whole[start:end]
    assert length_of(found) == end - start


@given(st.lists(st.booleans(), min_size=1, max_size=40))
def test_bits_are_packed_least_significant_first(bits: list[bool]) -> None:
    packed = pack_bits(bytes(bits))
    assert [bool(packed[n // 8] >> n % 8 & 1) for n in range(len(bits))] == bits
    assert len(packed) == (len(bits) + 7) // 8


def test_the_longest_unused_goes_first() -> None:
    cache: Lru[str, int] = Lru(40)
    for name in "abcd":
        cache.put(name, 1, 10)
    assert cache.get("a") == 1
    cache.put("e", 1, 10)
    assert cache.get("b") is None
    assert cache.get("a") == 1
    assert cache.weight == 40


def test_what_would_push_all_else_out_is_not_kept() -> None:
    cache: Lru[str, int] = Lru(40)
    cache.put("a", 1, 10)
    cache.put("b", 1, 11)
    assert (cache.get("a"), cache.get("b")) == (1, None)
    cache.put("a", 2, 11)
    assert cache.get("a") is None
    assert cache.weight == 0
