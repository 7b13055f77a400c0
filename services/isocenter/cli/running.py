"""`isocenter up` and `isocenter serve`."""

import asyncio
import importlib
from pathlib import Path
from typing import Any

import click
import httpx
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from isocenter.cli import show
from isocenter.cli.client import Platform
from isocenter.embedded.layout import Layout, default_data_folder
from isocenter.embedded.options import Options
from isocenter.embedded.ports import LOOPBACK
from isocenter.embedded.prepare import prepare as prepare_site
from isocenter.embedded.up import up as run_platform
from isocenter.errors import IsocenterError
from isocenter.runtime.settings import ServiceSettings, read_settings

SERVICES = {
    "ingest": "isocenter.ingest.main",
    "indexer": "isocenter.indexer.main",
    "http": "isocenter.embedded.http_worker",
    "streaming": "isocenter.streaming.main",
    "transcoder": "isocenter.transcoder.main",
}
Port = click.IntRange(1, 65535)


def _load_samples(url: str) -> None:
    """Load the samples into an empty archive, showing progress."""
    from isocenter.embedded.samples import (
        loading,
        phantom,
        studies,
    )  # only who loads them waits for it

    with httpx.Client(base_url=url, timeout=10.0, trust_env=False) as client:
        if not loading.is_empty(client):
            return
    total = 2 * phantom.Geometry().slices + len(studies.packaged_paths())
    columns = (
        TextColumn("loading samples"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=show.errors, transient=True) as progress:
        task = progress.add_task("", total=total)
        stored = loading.load(url, progress=lambda: progress.advance(task))
    show.errors.print(f"{stored} sample instances loaded")


def _print_where(options: Options, layout: Layout) -> None:
    show.console.print("[bold]Isocenter is up.[/bold]")
    tls = (
        [("DICOM TLS", f"{options.reach}:{options.dicom_tls_port}")]
        if options.dicom_tls_port
        else []
    )
    show.facts(
        [
            ("Worklist", f"{options.url}/"),
            ("Viewer", f"{options.url}/viewer/"),
            ("DICOM", f"{options.reach}:{options.dicom_port}  AE title {options.ae_title}"),
            *tls,
            ("DICOMweb", f"{options.url}/dicom-web"),
            ("Data", layout.data),
        ]
    )
    show.console.print("Ctrl-C stops it.")


@click.command()
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Data folder.")
@click.option(
    "--listen",
    default=LOOPBACK,
    show_default=True,
    help="Address to listen on. Beyond loopback, others need a user or an entry in the AE list.",
)
@click.option("--http-port", default=8080, show_default=True, type=Port)
@click.option("--dicom-port", default=11112, show_default=True, type=Port)
@click.option("--dicom-tls-port", default=None, type=Port, help="Also listen with TLS.")
@click.option("--ae-title", default="ISOCENTER", show_default=True)
@click.option("--site", default="local", show_default=True, help="Name of this site in events.")
@click.option("--http-workers", default=2, show_default=True, type=click.IntRange(1, 64))
@click.option(
    "--settle",
    "settle_s",
    default=60.0,
    show_default=True,
    type=click.FloatRange(0.2),
    help="Seconds without a new image after which a study is complete.",
)
@click.option(
    "--profile",
    type=click.Choice(["embedded", "cluster"]),
    default="embedded",
    show_default=True,
    help="cluster: on MinIO, OpenSearch and three NATS servers, two processes of each service.",
)
@click.option(
    "--minio",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    envvar="ISOCENTER_MINIO",
    help="MinIO's program, for the cluster profile.",
)
@click.option(
    "--opensearch",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    envvar="ISOCENTER_OPENSEARCH",
    help="OpenSearch's home folder, for the cluster profile.",
)
@click.option(
    "--samples/--no-samples", default=False, help="Load sample studies into an empty archive."
)
@click.pass_obj
def up(
    platform: Platform, /, data: Path | None, dicom_tls_port: int | None, samples: bool, **told: Any
) -> None:
    """Run a whole platform on this machine until Ctrl-C."""
    folder = data or platform.data or default_data_folder()
    options = Options(data=folder, dicom_tls_port=dicom_tls_port or 0, **told)

    async def ready(options: Options, layout: Layout) -> None:
        if samples:
            await asyncio.to_thread(_load_samples, options.url)
        _print_where(options, layout)

    try:
        run_platform(options, show.errors.print, ready)
    except IsocenterError as error:
        raise click.ClickException(error.message) from error
    show.errors.print("Stopped.")


@click.command()
@click.argument("service", type=click.Choice(sorted(SERVICES)))
def serve(service: str) -> None:
    """Run one SERVICE in this process; its settings come from the environment (ISOCENTER_...)."""
    raise SystemExit(importlib.import_module(SERVICES[service]).main())


@click.command()
def prepare() -> None:
    """Make a site's streams and index templates, and try its object store out; before the services start.

    Settings come from the environment (ISOCENTER_...), as a service's. It may be repeated.
    """
    settings = read_settings(ServiceSettings)

    async def do() -> None:
        async for done, warnings in prepare_site(settings):
            show.console.print(done)
            for warning in warnings:
                show.errors.print(f"[yellow]warning:[/yellow] {warning}")

    try:
        asyncio.run(do())
    except IsocenterError as error:
        raise click.ClickException(error.message) from error


COMMANDS = (up, serve, prepare)
