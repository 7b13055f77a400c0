"""`isocenter up`: the whole platform on this machine, until Ctrl-C."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from isocenter.embedded.backends import until_usable, write_told
from isocenter.embedded.layout import Layout
from isocenter.embedded.options import Options
from isocenter.embedded.platform import backends, children
from isocenter.embedded.ports import check_port
from isocenter.embedded.supervisor import (
    Supervisor,
    only_one,
    stop_on_signals,
    until_answers,
    until_open,
    write_address,
)

START_TIMEOUT_S = 60.0  # once the back-ends answer
SERVERS_TIMEOUT_S = 180.0
Ready = Callable[[Options, Layout], Awaitable[None]]


def check_ports(options: Options) -> None:
    """Raise Conflict when a port is taken."""
    check_port(options.listen, options.http_port, "HTTP")
    check_port(options.listen, options.dicom_port, "DICOM")
    if options.dicom_tls_port:
        check_port(options.listen, options.dicom_tls_port, "DICOM TLS")


async def until_ready(options: Options) -> None:
    """Wait for both faces of the platform; raises Unavailable."""
    await until_open(options.reach, options.dicom_port, START_TIMEOUT_S)
    await until_answers(options.url, START_TIMEOUT_S)


async def _serve(
    options: Options, layout: Layout, report: Callable[[str], None], ready: Ready, lock: int
) -> None:
    stop = asyncio.Event()
    stop_on_signals(stop)
    stands_on = backends(options, layout)
    write_told(layout.backends_file, stands_on.told)
    supervisor = Supervisor(layout, children(options, layout, stands_on), report, lock)

    async def announce() -> None:
        await until_ready(options)
        write_address(
            layout.address_file,
            url=options.url,
            dicom_port=options.dicom_port,
            ae_title=options.ae_title,
            bus_url=stands_on.told["ISOCENTER_BUS_URL"],
            bus_user=stands_on.told.get("ISOCENTER_BUS_USER", ""),
            site=options.site,
        )
        await ready(options, layout)

    await supervisor.run(partial(until_usable, stands_on, SERVERS_TIMEOUT_S), announce, stop)


def up(options: Options, report: Callable[[str], None], ready: Ready) -> None:
    """Run until a signal; `ready` is awaited once everything answers. Raises Conflict or Unavailable."""
    layout = Layout(options.data.absolute())
    layout.make(is_cluster=options.is_cluster)
    with only_one(layout) as lock:
        check_ports(options)
        try:
            asyncio.run(_serve(options, layout, report, ready, lock))
        finally:
            layout.address_file.unlink(missing_ok=True)
            layout.backends_file.unlink(missing_ok=True)
