"""What every ObjectStore promises (ports/objects.py); an adapter's test class inherits it and gives `make`."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import pytest
from tests.support.writing import write_all, write_oddly

from isocenter.errors import InvalidRequest, NotFound
from isocenter.ports.objects import ObjectStore, Spool

MIB = 1 << 20


class ObjectStoreSuite:
    """`make` gives an empty store; the suite takes no other store than its own."""

    def make(self) -> ObjectStore:
        raise NotImplementedError

    @pytest.fixture
    def store(self) -> Iterator[ObjectStore]:
        yield self.make()

    def spooled(self, store: ObjectStore, content: bytes) -> Spool:
        spool = store.spool()
        write_all(spool, content)
        return spool

    def put_file(self, store: ObjectStore, key: str, content: bytes) -> None:
        info = store.put_file(self.spooled(store, content), key, sha256=sha256(content).hexdigest())
        assert info.key == key

    def test_a_spooled_file_becomes_an_object(self, store: ObjectStore) -> None:
        info = store.put_file(self.spooled(store, b"content"), "a/b/c.dcm", sha256="")
        assert (info.key, info.size_bytes) == ("a/b/c.dcm", 7)
        assert store.read("a/b/c.dcm") == b"content"
        assert store.stat("a/b/c.dcm") == info

    def test_a_flushed_spool_becomes_an_object(self, store: ObjectStore) -> None:
        spool = self.spooled(store, b"content")
        spool.flush()
        store.put_file(spool, "a", sha256="")
        assert store.read("a") == b"content"

    def test_a_spool_is_invisible_and_can_be_read_back(self, store: ObjectStore) -> None:
        spool = self.spooled(store, b"not yet")
        assert list(store.list("")) == []
        spool.append(memoryview(bytearray(b", but soon")), 5)
        assert spool.path.read_bytes() == b"not yet, but"
        assert os.pread(spool.fileno(), 100, 4) == b"yet, but"
        spool.discard()
        spool.discard()
        assert list(store.list("")) == []

    @pytest.mark.parametrize("size", [0, 1, 4096, 70_000, 131_072, 600_001])
    def test_an_object_has_what_was_appended_and_nothing_more(
        self, store: ObjectStore, size: int
    ) -> None:
        content = bytes(range(251)) * (size // 251) + bytes(range(size % 251))
        assert store.put_file(self.spooled(store, content), "even", sha256="").size_bytes == size
        assert store.read("even") == content
        odd = store.spool()
        write_oddly(odd, content, 66_001)
        assert store.put_file(odd, "odd", sha256="").size_bytes == size
        assert store.read("odd") == content

    def test_the_spool_is_consumed(self, store: ObjectStore) -> None:
        spool = self.spooled(store, b"content")
        store.put_file(spool, "a", sha256="")
        spool.discard()
        assert not spool.path.exists()
        assert store.read("a") == b"content"

    def test_an_object_that_is_there_stays(self, store: ObjectStore) -> None:
        self.put_file(store, "a/b", b"first")
        info = store.put_file(self.spooled(store, b"other bytes"), "a/b", sha256="")
        assert info.size_bytes == 5
        assert store.read("a/b") == b"first"

    def test_the_same_key_at_once_from_many_threads_is_one_object(self, store: ObjectStore) -> None:
        with ThreadPoolExecutor(4) as pool:
            for _ in pool.map(lambda _: self.put_file(store, "s/x", b"same" * 1000), range(12)):
                pass
        assert [info.key for info in store.list("")] == ["s/x"]
        assert store.read("s/x") == b"same" * 1000

    def test_many_threads_store_into_the_same_and_new_folders(self, store: ObjectStore) -> None:
        keys = [f"instances/{n % 3}/{n % 5}/{n}.dcm" for n in range(40)]
        with ThreadPoolExecutor(8) as pool:
            for _ in pool.map(lambda key: self.put_file(store, key, key.encode()), keys):
                pass
        assert [info.key for info in store.list("instances/")] == sorted(keys)
        assert all(store.read(key) == key.encode() for key in keys)

    def test_put_replaces_whole(self, store: ObjectStore) -> None:
        store.put("x/settings.json", b"long content")
        assert store.put("x/settings.json", b"short").size_bytes == 5
        assert store.read("x/settings.json") == b"short"

    def test_an_empty_object_is_an_object(self, store: ObjectStore) -> None:
        store.put("empty", b"")
        assert store.read("empty") == b""
        assert store.stat("empty").size_bytes == 0

    @pytest.mark.parametrize(
        ("start", "end", "expected"),
        [
            (0, None, b"0123456789"),
            (3, 6, b"345"),
            (8, 100, b"89"),
            (10, None, b""),
            (50, 60, b""),
            (4, 4, b""),
            (6, 3, b""),
        ],
    )
    def test_ranges_are_half_open_and_clipped(
        self, store: ObjectStore, start: int, end: int | None, expected: bytes
    ) -> None:
        store.put("digits", b"0123456789")
        assert store.read("digits", start, end) == expected
        assert b"".join(store.stream("digits", start, end)) == expected

    def test_a_stream_comes_in_bounded_chunks(self, store: ObjectStore) -> None:
        content = bytes(range(256)) * (10 * MIB // 1024)
        self.put_file(store, "large", content)
        chunks = list(store.stream("large", 5))
        assert max(map(len, chunks)) <= MIB
        assert b"".join(chunks) == content[5:]

    def test_a_local_path_holds_the_object_where_there_is_one(self, store: ObjectStore) -> None:
        store.put("a/b", b"content")
        path = store.local_path("a/b")
        assert path is None or path.read_bytes() == b"content"

    @pytest.mark.parametrize("key", ["missing", "a/missing", "a", "a/b/c"])
    def test_what_is_not_there_is_not_found(self, store: ObjectStore, key: str) -> None:
        store.put("a/b", b"content")
        with pytest.raises(NotFound):
            store.read(key)
        with pytest.raises(NotFound):
            list(store.stream(key))
        with pytest.raises(NotFound):
            store.stat(key)
        with pytest.raises(NotFound):
            store.move(key, "elsewhere")

    def test_a_moved_object_has_only_its_new_key(self, store: ObjectStore) -> None:
        store.put("a/b", b"content")
        store.move("a/b", "purged/a/b")
        assert [info.key for info in store.list("")] == ["purged/a/b"]
        assert store.read("purged/a/b") == b"content"

    def test_a_deleted_object_is_gone_and_deleting_again_does_nothing(
        self, store: ObjectStore
    ) -> None:
        store.put("a/b", b"content")
        store.delete("a/b")
        store.delete("a/b")
        store.delete("never/was")
        assert list(store.list("")) == []
        with pytest.raises(NotFound):
            store.read("a/b")

    def test_an_object_can_be_stored_again_after_deletion(self, store: ObjectStore) -> None:
        self.put_file(store, "a/b", b"first")
        store.delete("a/b")
        self.put_file(store, "a/b", b"second")
        assert store.read("a/b") == b"second"

    def test_lists_are_sorted_by_the_whole_key(self, store: ObjectStore) -> None:
        keys = ["a/b", "a-b", "a.b", "a0", "a~b/c", "b/1", "b/10", "b/2", "aa/x/y", "A/z"]
        for key in keys:
            store.put(key, key.encode())
        listed = list(store.list(""))
        assert [info.key for info in listed] == sorted(keys)
        assert all(info.size_bytes == len(info.key) for info in listed)

    @pytest.mark.parametrize("prefix", ["", "a", "a/", "a/b/", "b/1", "b/1x", "c", "c/d", "aa/x/y"])
    @pytest.mark.parametrize("after", ["", "a", "a/b", "a-z", "b/10", "zzz"])
    def test_lists_by_prefix_and_after(self, store: ObjectStore, prefix: str, after: str) -> None:
        keys = ["a/b", "a-b", "a~b/c", "b/1", "b/10", "b/2", "aa/x/y", "aa/x/z"]
        for key in keys:
            store.put(key, b"")
        expected = sorted(key for key in keys if key.startswith(prefix) and key > after)
        assert [info.key for info in store.list(prefix, after)] == expected

    @pytest.mark.parametrize(
        "key",
        ["", "/a", "a/", "a//b", "..", "../a", "a/../b", "./a", ".spool/x", "a b", "a\\b", "a\0b",
         "a\nb", "ä", "a" * 513, "x" * 300, "a/" * 256 + "a"],
    )  # fmt: skip
    def test_what_is_no_key_is_refused_everywhere(self, store: ObjectStore, key: str) -> None:
        for call in (store.read, store.stat, store.delete, store.local_path):
            with pytest.raises(InvalidRequest):
                call(key)
        with pytest.raises(InvalidRequest):
            store.put(key, b"")
        with pytest.raises(InvalidRequest):
            store.put_file(self.spooled(store, b""), key, sha256="")
        with pytest.raises(InvalidRequest):
            store.move("a", key)

    @pytest.mark.parametrize("prefix", ["../", "/etc/", "a/../../", ".spool/"])
    def test_a_prefix_cannot_lead_out_of_the_store(self, store: ObjectStore, prefix: str) -> None:
        with pytest.raises(InvalidRequest):
            list(store.list(prefix))

    def test_room_for_spools_is_known(self, store: ObjectStore) -> None:
        assert store.spool_free_bytes() > 0

    def test_free_bytes_is_a_number_or_unknown(self, store: ObjectStore) -> None:
        free = store.free_bytes()
        assert free is None or free > 0
