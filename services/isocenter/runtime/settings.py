"""What the environment says, read once by a process's `main.py` and passed down; nothing else reads it."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self, TypedDict, TypeVar

from pydantic import Field, SecretStr, StringConstraints, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

PREFIX = "ISOCENTER_"
SECRETS_FOLDER = "ISOCENTER_SECRETS_FOLDER"
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,32}$")]
Port = Annotated[int, Field(ge=0, le=65535)]


class BusAccess(TypedDict):
    """Arguments of `adapters.open.open_bus`."""

    site: str
    user: str
    token: str
    name: str
    replicas: int


class ObjectsAccess(TypedDict):
    """Arguments of `adapters.open.open_objects`."""

    access_key: str
    secret_key: str
    spool_folder: str


class IndexAccess(TypedDict):
    """Arguments of `adapters.open.open_index_reader` and `open_index_generations`."""

    user: str
    password: str
    ca_file: str


class ServiceSettings(BaseSettings):
    """What every process has. A service's class adds its own fields and says its name.

    `ISOCENTER_<SERVICE>_<FIELD>` is taken before `ISOCENTER_<FIELD>`, so one environment can serve all processes of a
    machine. An `ISOCENTER_<SERVICE>_...` that names no field is an error.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="forbid", hide_input_in_errors=True
    )
    service: ClassVar[str] = ""

    site: Name = "local"
    node: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{0,26}$")] = ""
    data_folder: Path = Path("isocenter-data")
    config_folder: Path = Path()  # users, AE list, certificates; empty: `config` in the data folder
    # sockets of this machine's processes; empty: `run` in the data folder
    run_folder: Path = Path()
    objects_url: str = ""
    # of a bucket; the index's and the broker's users are others
    objects_access_key: SecretStr = SecretStr("")
    objects_secret_key: SecretStr = SecretStr("")
    # what is on its way to a bucket; empty: `spool` in the data folder
    spool_folder: Path = Path()
    journal_url: str = ""
    index_url: str = ""
    index_user: str = ""  # of a server; the URL holds no credentials
    index_password: SecretStr = SecretStr("")
    index_ca_file: str = ""  # authorities its certificate is trusted by; empty: the system's
    bus_url: str = "nats://127.0.0.1:4222"  # of a cluster all addresses, with commas between
    bus_user: str = ""  # whose password the token is; empty: the token stands for itself
    bus_token: SecretStr = SecretStr("")
    bus_replicas: Annotated[int, Field(ge=1, le=5)] = 1  # servers that keep each event
    rpc_token: SecretStr = SecretStr("")
    rpc_port: Port | None = (
        None  # for other machines' processes; see `rpc_tls` for the certificates
    )
    # where other services are asked, by name, as JSON: {"indexer": "dns:///host:9090,dns:///other:9090"}
    rpc_targets: Annotated[dict[str, str], Field(default_factory=dict)]
    health_port: Port | None = None  # gRPC health, for probes; it tells whether, nothing else
    listen: str = "127.0.0.1"
    # false: this machine's users sign in too; needed behind a proxy on this machine
    trust_loopback: bool = True
    http_port: Port = 8080
    oidc_issuer: str = ""  # identity provider, as it names itself; empty: users sign in here only
    oidc_ca_file: str = ""  # authorities its certificate is trusted by; empty: the system's
    oidc_audience: str = ""  # what tokens for this platform name
    oidc_client_id: str = ""  # of pages and viewer at the provider; empty: programs' tokens only
    oidc_client_secret: SecretStr = SecretStr("")  # sessions are sealed under it too
    oidc_public_url: str = ""  # origin as browsers see it; /sign-in/callback is registered there
    oidc_session_s: Annotated[float, Field(ge=60, le=86_400)] = 3_600.0
    metrics_port: Port | None = None  # of this process alone; 0: any that is free
    metrics_listen: str = "127.0.0.1"  # beyond loopback only the token below opens it
    metrics_token: SecretStr = SecretStr("")
    otlp_url: str = ""  # of a collector that takes OTLP over HTTP; empty: no spans are made
    otlp_token: SecretStr = SecretStr("")
    otlp_share: Annotated[float, Field(ge=0, le=1)] = 1.0  # of the traces that begin here
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_uids: bool = False
    grace_s: Annotated[float, Field(gt=0, le=3600)] = 20.0

    @model_validator(mode="after")
    def _fill_in(self) -> Self:
        """Derive what was left empty from the data folder and the service's name."""
        data = self.data_folder.absolute()
        derived: dict[str, object] = {
            "data_folder": data,
            "node": self.node or self.service or "local",
            "config_folder": self.config_folder if self.config_folder.name else data / "config",
            "run_folder": self.run_folder if self.run_folder.name else data / "run",
            "spool_folder": self.spool_folder if self.spool_folder.name else data / "spool",
            "objects_url": self.objects_url or f"file://{data}/archive",
            "journal_url": self.journal_url or f"file://{data}/archive",
            "index_url": self.index_url or f"sqlite://{data}/index",
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)  # frozen for everybody else
        return self

    @property
    def bus_access(self) -> BusAccess:
        """What the adapter needs beside the address, secret included."""
        return {
            "site": self.site,
            "user": self.bus_user,
            "token": self.bus_token.get_secret_value(),
            "name": self.node,
            "replicas": self.bus_replicas,
        }

    @property
    def objects_access(self) -> ObjectsAccess:
        """What the adapter needs beside the address, secret included."""
        return {
            "access_key": self.objects_access_key.get_secret_value(),
            "secret_key": self.objects_secret_key.get_secret_value(),
            "spool_folder": str(self.spool_folder.absolute()),
        }

    @property
    def index_access(self) -> IndexAccess:
        """What the adapter needs beside the address, secret included."""
        return {
            "user": self.index_user,
            "password": self.index_password.get_secret_value(),
            "ca_file": self.index_ca_file,
        }

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the service's own variables, then those for all, then files of secrets."""
        del dotenv_settings, file_secret_settings
        files = _secret_files(settings_cls)
        if not cls.service:
            return init_settings, env_settings, *files
        own = EnvSettingsSource(settings_cls, env_prefix=own_prefix(cls.service))
        return init_settings, own, env_settings, *files


def _secret_files(settings: type[BaseSettings]) -> tuple[PydanticBaseSettingsSource, ...]:
    """Files named as the variables, in small letters too, in the folder that `ISOCENTER_SECRETS_FOLDER` names."""
    folder = os.environ.get(SECRETS_FOLDER)
    return (SecretsSettingsSource(settings, secrets_dir=folder),) if folder else ()


S = TypeVar("S", bound=ServiceSettings)


def own_prefix(service: str) -> str:
    """`ISOCENTER_<SERVICE>_`."""
    return f"{PREFIX}{service.upper().replace('-', '_')}_"


def unknown_names(settings: type[ServiceSettings], environment: Mapping[str, str]) -> list[str]:
    """Variables meant for this service that it does not have."""
    if not settings.service:
        return []
    prefix = own_prefix(settings.service)
    fields = {name.upper() for name in settings.model_fields}
    return sorted(
        name
        for name in environment
        if name.upper().startswith(prefix) and name.upper()[len(prefix) :] not in fields
    )


def read_settings(settings: type[S], **given: object) -> S:
    """Read the environment; `given` wins. All problems are written to stderr together, then exit code 2.

    Values are not repeated in the messages: one of them may be a secret.
    """
    problems = [f"{name}: no such setting" for name in unknown_names(settings, os.environ)]
    try:
        made = settings(**given)  # type: ignore[arg-type]  # checked by pydantic
    except ValidationError as error:
        problems += [
            f"{PREFIX}{'_'.join(str(part) for part in problem['loc']).upper()}: {problem['msg']}"
            for problem in error.errors(include_input=False, include_url=False)
        ]
    if problems:
        sys.stderr.write("".join(f"{problem}\n" for problem in problems))
        raise SystemExit(2)
    return made
