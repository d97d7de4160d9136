"""Every setting: typed, documented, validated. Sources, weakest first: a TOML file, FIREFLY_* variables, flags."""

import hashlib
import ipaddress
import os
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from .addresses import addresses, host_name, is_address, is_loopback, is_number
from .docker_settings import DockerSettings
from .errors import InvalidInput
from .limit_settings import LimitSettings
from .sandbox_settings import SandboxSettings

PREFIX = "FIREFLY_"
# For the commands that talk to a server; the server itself has no use for it.
CLIENT_TOKEN = f"{PREFIX}TOKEN"
# sun_path of a unix socket holds 107 bytes; the longest name below the run folder takes about 60 of them.
LONGEST_RUN_DIR = 44
# Not for command lines, where every user of the machine can read them, nor for processes that can do without.
SECRETS = frozenset({"secret_key", "bootstrap_token", "database_url"})


class Settings(LimitSettings, SandboxSettings, DockerSettings, BaseSettings):
    """What an installation may decide. The description of each field is its documentation."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True, validate_default=True)

    listen: str = Field(
        "127.0.0.1:8000", description="Addresses of the front door, `host:port` or `[::]:port`, separated by commas."
    )
    url: str = Field(
        "", description="How users reach the app. Empty: `http://localhost:<port>`, with certificates `https://…`."
    )
    content_domain: str = Field(
        "", description="Previews are `<label>.<content domain>`. Empty: `preview.localhost:<port>`."
    )
    data_dir: Path = Field(Path("var"), description="Everything that Firefly keeps.")
    database_url: str = Field("", description="A PostgreSQL server. Empty: the embedded one.")
    sandbox: str = Field(
        "process",
        pattern="^(process|docker|swarm)$",
        description="What makes sandboxes: `process`, `docker`, or `swarm` (Docker's).",
    )
    docker_host: str = Field(
        "",
        description="The Docker engine that makes sandboxes, as in `unix:///run/docker.sock`; for `swarm` a manager's. "
        "Empty: what `DOCKER_HOST` or the usual places say.",
    )
    docker_image: str = Field(
        "firefly-project",
        description="The project image, which sandboxes are made of; one with a registry's host in its name is pulled.",
    )
    registry: str = Field(
        "",
        description="The registry that the nodes of a Swarm have the project image from, `host:port` and perhaps a "
        "path. Empty: the image's name says it, or all nodes have it.",
    )
    swarm_constraints: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Which nodes take sandboxes, as in `node.role==worker,node.labels.sandboxes==yes`: all of these, "
        "separated by commas.",
    )
    bootstrap_token: str = Field("", description="An API token for the first administrator, for scripts and tests.")
    secret_key: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Root of all keys. Empty: generated and kept in the data directory. Several, separated by "
        "commas, rotate it: the first seals, any opens.",
    )
    allow_unisolated: bool = Field(
        False, description="Let others than administrators run code where the machine offers no isolation."
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Addresses or networks whose `X-Forwarded-*` are believed, separated by commas."
    )
    proxy_workers: int = Field(
        0, ge=0, le=64, description="Processes of their own for the front door. 0: it runs in the server's process."
    )
    proxy_protocol: bool = Field(
        False,
        description="Connections come from `FIREFLY_TRUSTED_PROXIES` alone and begin with a header of the PROXY "
        "protocol, version 1 or 2, which says who came to the proxy.",
    )
    tls_certificates: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="PEM files with a certificate and those that signed it, separated by commas; the host that a "
        "client names decides, else the first. The addresses of `FIREFLY_LISTEN` then speak TLS. Read anew on SIGHUP "
        "and when they change.",
    )
    tls_keys: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="The files with their keys, in the same order. Empty: the keys are in the same files."
    )
    plain_listen: str = Field(
        "", description="Addresses that speak plain http and send browsers to https, as in `0.0.0.0:80,[::]:80`."
    )
    hsts: int = Field(
        31536000,
        ge=0,
        description="Seconds for which browsers keep to https on the app's host once they were there by https; 0 "
        "leaves it to them. Never said on localhost.",
    )
    acme_directory: str = Field(
        "",
        pattern="^(https://.+)?$",
        description="An authority that gives certificates by ACME, for the names that `FIREFLY_TLS_CERTIFICATES` does "
        "not have: the URL of its directory. Setting it agrees to its terms.",
    )
    acme_email: str = Field("", description="Where that authority writes to when something is wrong.")
    acme_dns_hook: str = Field(
        "",
        description="A command that proves by DNS whose a name is, as wildcards need it: `<command> set|remove "
        "<record> <value>`. It ends when the TXT record is visible.",
    )
    acme_roots: str = Field(
        "", description="A file with the authorities that vouch for the ACME server itself. Empty: the system's."
    )
    dns_servers: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="DNS servers that are asked for the proofs of custom domains, `address:port`, separated by commas. "
        "Empty: those of the system.",
    )
    allow_same_site: bool = Field(
        False, description="Start although browsers take the app's host and the content domain for one site."
    )
    allow_http: bool = Field(False, description="Start although users come by plain http from other machines.")
    drain_requests: float = Field(
        10, ge=0, description="Seconds that requests under way get for their end when the server stops."
    )
    drain_tunnels: float = Field(
        3, ge=0, description="Seconds that open tunnels (WebSockets, editors) get then before they are cut."
    )
    drain_handover: float = Field(
        300, ge=0, description="Seconds that both get when a successor takes over (`firefly serve --replace`)."
    )
    access_log: Literal["off", "sampled", "all"] = Field(
        "sampled",
        description="A line for every request (`all`), for every one while little is going on and for a part of them "
        "when busy (`sampled`), or none (`off`).",
    )
    access_log_rate: int = Field(
        50,
        ge=1,
        le=10_000,
        description="Lines a second of the sampled access log; errors and slow requests have up to ten times as many "
        "of their own.",
    )
    metrics_addresses: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Addresses or networks that may read `/metrics` without an administrator's token, separated by "
        "commas. Not that of a proxy in front which is not listed in `FIREFLY_TRUSTED_PROXIES`: everybody comes by it.",
    )
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="Least level that is logged.")
    idle_freeze: float = Field(
        600,
        ge=0,
        description="Seconds without any activity after which a sandbox is frozen until it is needed; 0: never.",
    )
    idle_stop: float = Field(3600, gt=0, description="Seconds without any activity after which a sandbox is stopped.")
    prebuilds: Literal["all", "projects", "off"] = Field(
        "all",
        description="What is made ready ahead, with its dependencies installed: templates and the default branches of "
        "projects (`all`), the latter alone, or nothing. Needs sandboxes whose workspaces can lie on layers.",
    )
    prepared_sandboxes: int = Field(
        2, ge=0, le=64, description="Sandboxes started ahead, so that a new project opens at once."
    )
    simultaneous_starts: int = Field(8, ge=1, le=256, description="Sandboxes that may be starting at one time.")
    sandbox_memory: int = Field(1 << 30, ge=64 << 20, description="Memory of a sandbox, in bytes.")
    sandbox_cpu: float = Field(1.0, gt=0, le=256, description="Processors that a sandbox may use.")
    sandbox_pids: int = Field(512, ge=16, description="Processes and threads of a sandbox.")
    max_upload: int = Field(256 << 20, ge=1 << 20, description="Bytes of one uploaded file or archive.")
    import_timeout: float = Field(900, gt=0, description="Seconds that an import from a git URL may take.")
    import_addresses: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Private addresses or networks that imports may reach all the same, separated by commas."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        file = os.environ.get(f"{PREFIX}CONFIG")
        extra = (TomlConfigSettingsSource(settings_cls, Path(file)),) if file else ()
        return (init_settings, env_settings, *extra)

    @field_validator(
        "secret_key",
        "trusted_proxies",
        "import_addresses",
        "tls_certificates",
        "tls_keys",
        "dns_servers",
        "metrics_addresses",
        "swarm_constraints",
        mode="before",
    )
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("listen", "plain_listen")
    @classmethod
    def _check_listen(cls, value: str, info: ValidationInfo) -> str:
        if not value and info.field_name == "plain_listen":
            return value
        if not all(is_address(address) for address in value.split(",")):
            raise ValueError("must be `host:port`, as in 127.0.0.1:8000 or [::1]:8000")
        return value

    @field_validator("dns_servers")
    @classmethod
    def _check_dns_servers(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(is_address(server) and is_number(host_name(server)) for server in value):
            raise ValueError("must be addresses with a port, as in 192.0.2.53:53 or [2001:db8::53]:53")
        return value

    @field_validator("metrics_addresses")
    @classmethod
    def _check_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ipaddress.ip_network(network, strict=False)
        return value

    @field_validator("data_dir")
    @classmethod
    def _make_absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @model_validator(mode="before")
    @classmethod
    def _fill_names(cls, values: dict[str, Any]) -> dict[str, Any]:
        port = str(values.get("listen", "127.0.0.1:8000")).partition(",")[0].rpartition(":")[2]
        scheme, usual = (
            ("https", "443") if values.get("tls_certificates") or values.get("acme_directory") else ("http", "80")
        )
        suffix = "" if port == usual else f":{port}"
        filled = dict(values)
        filled["url"] = (values.get("url") or f"{scheme}://localhost{suffix}").rstrip("/")
        filled["content_domain"] = (values.get("content_domain") or f"preview.localhost{suffix}").lower()
        return filled

    @model_validator(mode="after")
    def _keep_hosts_apart(self) -> Self:
        app = self.app_host
        if app == self.content_domain or app.endswith("." + self.content_domain):
            raise ValueError("FIREFLY_URL must not lie below FIREFLY_CONTENT_DOMAIN: previews would share its cookies")
        return self

    @model_validator(mode="after")
    def _check_tls(self) -> Self:
        if self.tls_keys and len(self.tls_keys) != len(self.tls_certificates):
            raise ValueError("FIREFLY_TLS_KEYS needs as many files as FIREFLY_TLS_CERTIFICATES, or none")
        if self.encrypted and self.scheme != "https":
            raise ValueError("FIREFLY_URL must begin with https:// when the server has certificates")
        if self.plain_listen and self.scheme != "https":
            raise ValueError("FIREFLY_PLAIN_LISTEN sends browsers to https, so FIREFLY_URL must begin with https://")
        return self

    @model_validator(mode="after")
    def _check_proxies(self) -> Self:
        if self.proxy_protocol and not self.trusted_proxies:
            raise ValueError("FIREFLY_PROXY_PROTOCOL needs the proxies' addresses in FIREFLY_TRUSTED_PROXIES")
        return self

    @property
    def address(self) -> tuple[str, int]:
        """The first that the front door listens on."""
        return addresses(self.listen)[0]

    @property
    def encrypted(self) -> bool:
        """Whether the front door speaks TLS itself."""
        return bool(self.tls_certificates or self.acme_directory)

    @property
    def app_host(self) -> str:
        """Host and, where it is not the scheme's own, port of the app, as in the Host field."""
        return urlsplit(self.url).netloc.lower()

    @property
    def scheme(self) -> str:
        return urlsplit(self.url).scheme

    @property
    def strict_age(self) -> int:
        """Seconds of HSTS on the app's host. On localhost it would bind whatever else is developed there."""
        return self.hsts if self.scheme == "https" and not is_loopback(self.app_host) else 0

    def content_url(self, label: str) -> str:
        return f"{self.scheme}://{label}.{self.content_domain}"

    @property
    def content_port(self) -> str:
        """With its colon, or empty: browsers reach every host that is no app's by it."""
        _, colon, port = self.content_domain.partition(":")
        return colon + port

    def host_url(self, host: str) -> str:
        """Where browsers reach a host of the route table, which knows no ports."""
        return f"{self.scheme}://{host}{self.content_port}"

    @property
    def run_dir(self) -> Path:
        """Where sockets live: below the data directory, or, where that path is too long for a socket, in /tmp."""
        direct = self.data_dir / "run"
        if len(os.fsencode(direct)) <= LONGEST_RUN_DIR:
            return direct
        digest = hashlib.sha256(os.fsencode(self.data_dir)).hexdigest()[:12]
        return Path(f"/tmp/firefly-{os.getuid()}-{digest}")

    def prepare_folders(self) -> None:
        """Make the data and run folders. Others may pass through (parts run as users of their own), not look.

        Raises InvalidInput where one cannot be made, or exists and belongs to somebody else.
        """
        for folder in (self.data_dir, self.run_dir):
            try:
                folder.mkdir(mode=0o711, parents=True, exist_ok=True)
            except OSError as error:
                raise InvalidInput(
                    f"{folder} cannot be made: {error.strerror}. Choose another FIREFLY_DATA_DIR."
                ) from error
            found = folder.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
                raise InvalidInput(f"{folder} is not a folder of this user. Choose another FIREFLY_DATA_DIR.")
            folder.chmod(0o711)


# In the order in which they are shown: those of sandboxes, and the limits, of which there are many, last.
_LATER = SandboxSettings.model_fields | DockerSettings.model_fields | LimitSettings.model_fields
FIELDS = {name: field for name, field in Settings.model_fields.items() if name not in _LATER} | _LATER


def load(flags: Mapping[str, object] | None = None) -> Settings:
    """Read all sources; `flags` win. Raises InvalidInput, a line per mistake; an unknown FIREFLY_* name is one."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | {f"{PREFIX}CONFIG", CLIENT_TOKEN}
    unknown = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)
    if unknown:
        raise InvalidInput(f"{', '.join(unknown)}: not a setting of this version. `firefly serve --help` lists them.")
    _check_file()
    try:
        return Settings(**{name: value for name, value in (flags or {}).items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        lines = [f"{PREFIX}{'.'.join(map(str, e['loc'])).upper() or '*'}: {e['msg']}" for e in error.errors()]
        raise InvalidInput("\n".join(lines)) from error


def _check_file() -> None:
    """Raises InvalidInput for a file that was named and cannot be used; pydantic would pass over a missing one."""
    name = os.environ.get(f"{PREFIX}CONFIG")
    if not name:
        return
    try:
        tomllib.loads(Path(name).read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidInput(f"{PREFIX}CONFIG: {name} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise InvalidInput(f"{PREFIX}CONFIG: {name} is not TOML: {error}.") from error
