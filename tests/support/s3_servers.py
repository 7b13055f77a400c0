"""Real S3 stores on free ports: MinIO, and Versity's gateway, which can be killed, started again and robbed of data.

One of each is started for all tests; each test takes a bucket nobody used before.
`ISOCENTER_TEST_MINIO_URL` and `ISOCENTER_TEST_VERSITYGW_URL` name others to use instead: `http://KEY:SECRET@host:port`.
"""

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import NoReturn, Protocol, TypedDict
from urllib.parse import unquote, urlsplit

import pytest
import urllib3
from minio import Minio
from tests.support.nats_server import die_with_parent
from tests.support.poll import poll
from tests.support.ports import free_port

INSTALLED = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "isocenter"
MINIO = INSTALLED / "minio-20260212/minio"
VERSITYGW = INSTALLED / "versitygw-1.8.0/versitygw"
REGION = "us-east-1"
START_WITHIN_S = 60.0


class S3Access(TypedDict):
    access_key: str
    secret_key: str


class S3ForTests:
    """Where a store is, who may use it, and buckets nobody used before."""

    def __init__(
        self, address: str, access_key: str, secret_key: str, ca_file: Path | None = None
    ) -> None:
        self.address = address
        self.access_key = access_key
        self.secret_key = secret_key
        self.ca_file = ca_file
        self._run = f"t{os.urandom(4).hex()}"
        self._numbers = count(1)

    @property
    def client(self) -> Minio:
        """A bare client, to look behind an adapter's back."""
        parts = urlsplit(self.address)
        ca_certs = str(self.ca_file) if self.ca_file else None
        return Minio(
            parts.netloc,
            access_key=self.access_key,
            secret_key=self.secret_key,
            secure=parts.scheme == "https",
            region=REGION,
            http_client=urllib3.PoolManager(timeout=10, retries=False, ca_certs=ca_certs),
        )

    def fresh_bucket(self) -> str:
        """Make a bucket; gives its name."""
        name = f"{self._run}-{next(self._numbers)}"
        self.client.make_bucket(name)
        return name

    def url(self, bucket: str, address: str = "") -> str:
        """What `adapters.open` takes; of a proxy's address instead where one is given."""
        query = f"?ca_file={self.ca_file}" if self.ca_file else ""
        return f"s3+{address or self.address}/{bucket}{query}"

    @property
    def access(self) -> S3Access:
        """What `adapters.open` takes beside the URL."""
        return {"access_key": self.access_key, "secret_key": self.secret_key}


class Program(Protocol):
    """What differs between the stores."""

    binary: Path

    def command(self, folder: Path, port: int, certificates: Path | None) -> list[str]: ...

    def environment(self, access_key: str, secret_key: str) -> dict[str, str]: ...

    def health(self, address: str) -> str: ...


class MinioProgram:
    """A single drive, with the setting without which it loses acknowledged objects in a power cut."""

    binary = MINIO

    def __init__(self, *, is_synced: bool = True) -> None:
        self._is_synced = is_synced

    def command(self, folder: Path, port: int, certificates: Path | None) -> list[str]:
        certs = certificates or folder / "certs"
        address = ["--address", f"127.0.0.1:{port}", "--certs-dir", str(certs)]
        return [str(self.binary), "server", "--quiet", *address, str(folder / "data")]

    def environment(self, access_key: str, secret_key: str) -> dict[str, str]:
        synced = {"MINIO_FS_OSYNC": "on"} if self._is_synced else {}
        return {
            **synced,
            "MINIO_ROOT_USER": access_key,
            "MINIO_ROOT_PASSWORD": secret_key,
            "MINIO_BROWSER": "off",
            "MINIO_UPDATE": "off",
        }

    def health(self, address: str) -> str:
        return f"{address}/minio/health/cluster"


class VersitygwProgram:
    """Objects are files below `data`, their metadata beside them: not every file system has extended attributes."""

    binary = VERSITYGW

    def command(self, folder: Path, port: int, certificates: Path | None) -> list[str]:
        del certificates
        listening = ["--port", f"127.0.0.1:{port}", "--region", REGION, "--health", "/health"]
        store = ["posix", "--sidecar", str(folder / "metadata"), str(folder / "data")]
        return [str(self.binary), *listening, "--quiet", "--keep-alive", *store]

    def environment(self, access_key: str, secret_key: str) -> dict[str, str]:
        return {"ROOT_ACCESS_KEY": access_key, "ROOT_SECRET_KEY": secret_key}

    def health(self, address: str) -> str:
        return f"{address}/health"


class RunningS3:
    """A store of its own."""

    def __init__(self, program: Program, folder: Path, certificates: Path | None = None) -> None:
        self.folder = folder
        self._program = program
        self._certificates = certificates
        self.port = free_port()
        scheme = "https" if certificates else "http"
        self.store = S3ForTests(
            f"{scheme}://127.0.0.1:{self.port}",
            f"key{secrets.token_hex(4)}",
            secrets.token_hex(16),
            certificates / "public.crt" if certificates else None,
        )
        self._process: subprocess.Popen[bytes] | None = None
        for name in ("data", "metadata", "certs"):
            (folder / name).mkdir(exist_ok=True)

    def start(self) -> None:
        """Start it; returns once a bucket can be asked for."""
        program = self._program
        environment = program.environment(self.store.access_key, self.store.secret_key)
        with (self.folder / "console.log").open("ab") as log:
            self._process = subprocess.Popen(
                program.command(self.folder, self.port, self._certificates),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={"PATH": os.environ["PATH"], "HOME": str(self.folder), **environment},
                preexec_fn=die_with_parent,  # noqa: PLW1509  (takes no lock)
            )
        try:
            poll(self._answers, START_WITHIN_S)
        except TimeoutError:
            raise TimeoutError(self._console()) from None

    def kill(self) -> None:
        """kill -9."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def freeze(self) -> None:
        """It goes on existing and answers nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        # until then some thread may still answer
        os.waitid(os.P_PID, self._process.pid, os.WSTOPPED)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def wipe(self) -> None:
        """Kill it and take its data away."""
        self.kill()
        for name in ("data", "metadata"):
            shutil.rmtree(self.folder / name)
            (self.folder / name).mkdir()

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(self._console())
        try:
            if (
                self.store.ca_file is None
            ):  # before that it would answer 503 to a client that tries again
                urllib.request.urlopen(self._program.health(self.store.address), timeout=5).close()  # noqa: S310
            self.store.client.bucket_exists("any-bucket")
        except Exception:  # whatever a store that is starting does
            return False
        return True

    def _console(self) -> str:
        return (self.folder / "console.log").read_text()[-4000:]

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(30)
            self._process = None


@contextmanager
def running_s3(program: Program, certificates: Path | None = None) -> Iterator[RunningS3]:
    """A started store whose folder is gone afterwards."""
    if not program.binary.exists():
        _missing(
            f"there is no {program.binary.name}: `make setup` builds it, and needs Go for that"
        )
    with tempfile.TemporaryDirectory(prefix="isocenter-s3-", ignore_cleanup_errors=True) as name:
        server = RunningS3(program, Path(name), certificates)
        server.start()
        try:
            yield server
        finally:
            server.kill()


def _named(variable: str) -> S3ForTests | None:
    url = os.environ.get(variable)
    if not url:
        return None
    parts = urlsplit(url)
    address = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    return S3ForTests(address, unquote(parts.username or ""), unquote(parts.password or ""))


def _missing(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def minio() -> Iterator[S3ForTests]:
    """The MinIO that tests share; not to be harmed."""
    if named := _named("ISOCENTER_TEST_MINIO_URL"):
        yield named
        return
    with running_s3(MinioProgram()) as server:
        yield server.store


@pytest.fixture(scope="session")
def versitygw() -> Iterator[S3ForTests]:
    """The second store that tests share."""
    if named := _named("ISOCENTER_TEST_VERSITYGW_URL"):
        yield named
        return
    with running_s3(VersitygwProgram()) as server:
        yield server.store


@pytest.fixture(scope="module")
def minio_to_harm() -> Iterator[RunningS3]:
    """A MinIO of the module's own, to be killed."""
    with running_s3(MinioProgram()) as server:
        yield server
