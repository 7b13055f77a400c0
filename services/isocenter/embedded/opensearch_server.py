"""OpenSearch as a child process: one node on loopback, small."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

PREFIX = "isocenter"
NOBODY = 65534
JAVA_FLAGS = (
    "-Xms512m",
    "-Xmx512m",
    "-Xss1m",
    "-XX:+UseG1GC",
    "-XX:MaxDirectMemorySize=256m",
    "-XX:+ExitOnOutOfMemoryError",
    "-Dfile.encoding=UTF-8",
    "-Djava.awt.headless=true",
    "-Djna.nosys=true",
    "-Dio.netty.noUnsafe=true",
    "-Dio.netty.noKeySetOptimization=true",
    "-Dio.netty.recycler.maxCapacityPerThread=0",
    "-Dio.netty.allocator.numDirectArenas=0",
    "-Dlog4j.shutdownHookEnabled=false",
    "-Dlog4j2.disable.jmx=true",
    "-Djava.locale.providers=SPI,CLDR",
    "--add-modules=jdk.incubator.vector",
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "-Dopensearch.distribution.type=zip",
    "-Dopensearch.bundled_jdk=false",
)
LOGGING = """status = error
appender.c.type = Console
appender.c.name = c
appender.c.layout.type = PatternLayout
appender.c.layout.pattern = [%d{ISO8601}][%-5p][%-25c{1.}]%marker %m%n
rootLogger.level = warn
rootLogger.appenderRef.c.ref = c
"""


@dataclass(frozen=True, slots=True)
class OpenSearchServer:
    """One node. It refuses to run as root, so root runs it in a user namespace in which it is nobody."""

    java: Path
    home: Path
    folder: Path
    port: int
    transport_port: int

    @property
    def url(self) -> str:
        """For `ISOCENTER_INDEX_URL`."""
        return f"opensearch+http://127.0.0.1:{self.port}/{PREFIX}"

    @property
    def health(self) -> str:
        """Page that answers 200 once every index can be read and written."""
        return f"http://127.0.0.1:{self.port}/_cluster/health?wait_for_status=yellow&timeout=1s"

    def prepare(self) -> tuple[str, ...]:
        """Write the configuration and return the command that runs the server."""
        for name in ("config", "data", "logs", "tmp"):
            (self.folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)
        lines = (f"{name}: {json.dumps(value)}\n" for name, value in self._settings().items())
        (self.folder / "config" / "opensearch.yml").write_text("".join(lines))
        (self.folder / "config" / "log4j2.properties").write_text(LOGGING)
        return (
            *(() if os.geteuid() else _as_nobody()),
            *(str(self.java), *JAVA_FLAGS, f"-Djava.io.tmpdir={self.folder / 'tmp'}"),
            f"-javaagent:{self.home}/agent/opensearch-agent.jar",
            f"-Dopensearch.path.home={self.home}",
            f"-Dopensearch.path.conf={self.folder / 'config'}",
            *("-cp", f"{self.home}/lib/*", "org.opensearch.bootstrap.OpenSearch"),
        )

    def _settings(self) -> dict[str, object]:
        return {
            "cluster.name": "isocenter",
            "node.name": "isocenter-1",
            "discovery.type": "single-node",
            "network.host": "127.0.0.1",
            "http.port": self.port,
            "transport.port": self.transport_port,
            "path.data": str(self.folder / "data"),
            "path.logs": str(self.folder / "logs"),
            # a laptop's disk is fuller than a server's; the platform has marks of its own
            "cluster.routing.allocation.disk.threshold_enabled": False,
        }


def _as_nobody() -> tuple[str, ...]:
    return ("unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}")
