import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.support.faulty_disk import BROKEN, NO_LINKS, NO_SPACE, FaultyDisk
from tests.support.poll import poll
from tests.support.small_disk import small_disk
from tests.support.writing import write_all

from isocenter.adapters.objects.filesystem import FilesystemObjects
from isocenter.errors import InvalidRequest, OutOfSpace, StorageFailed

MIB = 1 << 20


def put(store: FilesystemObjects, key: str, content: bytes = b"content") -> None:
    spool = store.spool()
    try:
        write_all(spool, content)
        store.put_file(spool, key, sha256="")
    finally:
        spool.discard()


def files_below(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_files_and_folders_are_for_their_owner_only(tmp_path: Path) -> None:
    put(FilesystemObjects(tmp_path), "a/b")
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "a/b").stat().st_mode & 0o777 == 0o600


def test_a_failed_sync_is_never_tried_again_and_marks_the_volume_bad(tmp_path: Path) -> None:
    disk = FaultyDisk()
    store = FilesystemObjects(tmp_path, disk)
    disk.failing = {"fdatasync": BROKEN}
    with pytest.raises(StorageFailed):
        put(store, "a/b")
    disk.failing = {}
    assert store.failed
    assert disk.calls["fdatasync"] == 1
    with pytest.raises(StorageFailed):
        store.spool()
    with pytest.raises(StorageFailed):
        store.put("x", b"")
    assert not (tmp_path / "a/b").exists()

    put(FilesystemObjects(tmp_path), "a/b")


def test_a_failed_folder_sync_marks_the_volume_bad_even_for_want_of_space(tmp_path: Path) -> None:
    disk = FaultyDisk()
    store = FilesystemObjects(tmp_path, disk)
    put(store, "a/b")
    disk.failing = {"sync_folder": NO_SPACE}
    with pytest.raises(StorageFailed):
        put(store, "a/c")
    assert store.failed


def test_a_full_disk_at_sync_is_no_broken_volume(tmp_path: Path) -> None:
    disk = FaultyDisk()
    store = FilesystemObjects(tmp_path, disk)
    disk.failing = {"fdatasync": NO_SPACE}
    with pytest.raises(OutOfSpace):
        put(store, "a/b")
    disk.failing = {}
    put(store, "a/b")
    assert [name for name in files_below(tmp_path) if name.endswith(".part")] == []


def test_without_hard_links_files_are_renamed(tmp_path: Path) -> None:
    disk = FaultyDisk()
    store = FilesystemObjects(tmp_path, disk)
    disk.failing = {"link": NO_LINKS}
    put(store, "a/b")
    assert store.read("a/b") == b"content"


def test_a_small_disk_fills_up_and_everything_is_cleaned(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 2 * MIB) as root:
        store = FilesystemObjects(root)
        put(store, "a/kept", b"k" * MIB)
        spool = store.spool()
        with pytest.raises(OutOfSpace):
            write_all(spool, b"x" * 2 * MIB)
        spool.discard()
        with pytest.raises(OutOfSpace):
            store.put("b/c", b"x" * 2 * MIB)
        put(store, "a/fits", b"f" * (MIB // 2))
        assert [info.key for info in store.list("")] == ["a/fits", "a/kept"]
        assert not store.failed
        assert [name for name in files_below(root) if name.endswith(".part")] == []


def test_leftovers_of_the_dead_are_reclaimed_and_those_of_the_living_stay(tmp_path: Path) -> None:
    living = FilesystemObjects(tmp_path)
    spool = living.spool()
    write_all(spool, b"under way")
    dead = tmp_path / ".spool" / "0123456789abcdef"
    dead.mkdir()
    (tmp_path / ".spool" / "0123456789abcdef.lock").touch()
    (dead / "1.part").write_bytes(b"never acknowledged")
    store = FilesystemObjects(tmp_path)
    assert store.reclaimed_files == 1
    assert not dead.exists()
    living.put_file(spool, "a/b", sha256="")
    assert store.read("a/b") == b"under way"


def test_threads_that_name_files_in_one_folder_share_its_sync(tmp_path: Path) -> None:
    disk = FaultyDisk()
    store = FilesystemObjects(tmp_path, disk)
    put(store, "s/first")
    disk.calls.clear()
    gate, threads = threading.Event(), 6
    entered = threading.Semaphore(0)

    def hold(name: str) -> None:
        if name == "sync_folder":
            entered.release()
            assert gate.wait(10)

    disk.before = hold
    with ThreadPoolExecutor(threads) as pool:
        futures = [pool.submit(put, store, f"s/{n}") for n in range(threads)]
        assert entered.acquire(timeout=10)
        poll(lambda: disk.calls["link"] == threads)
        group = store._folders._groups[str(tmp_path / "s")]
        poll(lambda: len(group._waiting) == threads - 1)
        gate.set()
        for future in futures:
            future.result(10)
    assert disk.calls["sync_folder"] == 2
    assert len(list(store.list("s/"))) == threads + 1


def test_a_folder_taken_away_by_hand_is_made_again(tmp_path: Path) -> None:
    store = FilesystemObjects(tmp_path)
    put(store, "a/b/c")
    (tmp_path / "a/b/c").unlink()
    (tmp_path / "a/b").rmdir()
    put(store, "a/b/d")
    assert store.read("a/b/d") == b"content"


def test_a_key_below_an_object_is_refused(tmp_path: Path) -> None:
    store = FilesystemObjects(tmp_path)
    put(store, "a/b")
    with pytest.raises(InvalidRequest):
        put(store, "a/b/c")
    with pytest.raises(InvalidRequest):
        put(store, "a")
    assert not store.failed


def test_descriptors_are_given_back(tmp_path: Path) -> None:
    store = FilesystemObjects(tmp_path)
    put(store, "a/b", b"x" * 3 * MIB)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for number in range(5):
        put(store, f"a/{number}")
        store.read("a/b", 5, 9)
        next(iter(store.stream("a/b")))
    assert len(list(Path("/proc/self/fd").iterdir())) <= before
