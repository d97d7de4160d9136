"""All settings together, and what they must be for one another."""

import os
from pathlib import Path
from typing import Any, Self

from pydantic import model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from firefly.addresses import is_loopback

from .artifacts import ArtifactSettings
from .builds import BuildSettings
from .docker import DockerSettings
from .door import DoorSettings
from .folders import FolderSettings
from .limits import LimitSettings
from .mail import MailSettings
from .packages import PackageSettings
from .projects import ProjectSettings
from .providers import ProviderSettings
from .sandboxes import SandboxSettings
from .server import ServerSettings
from .tls import TlsSettings

PREFIX = "FIREFLY_"
# Not for command lines, where every user of the machine can read them, nor for processes that can do without.
SECRETS = frozenset(
    {
        "secret_key", "bootstrap_token", "database_url", "github_client_secret", "github_app_key",
        "gitlab_client_secret", "bitbucket_client_secret", "gitea_client_secret",
        "mail_password", "s3_secret_key",
    }
)  # fmt: skip


class Settings(
    ServerSettings,
    FolderSettings,
    ArtifactSettings,
    DoorSettings,
    TlsSettings,
    ProjectSettings,
    ProviderSettings,
    SandboxSettings,
    PackageSettings,
    DockerSettings,
    BuildSettings,
    MailSettings,
    LimitSettings,
    BaseSettings,
):
    """What an installation may decide. The description of each field is its documentation."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True, validate_default=True)

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
    def strict_age(self) -> int:
        """Seconds of HSTS on the app's host. On localhost it would bind whatever else is developed there."""
        return self.hsts if self.scheme == "https" and not is_loopback(self.app_host) else 0


_GROUPS = (
    ServerSettings, FolderSettings, ArtifactSettings, DoorSettings, TlsSettings, ProjectSettings, ProviderSettings,
    SandboxSettings, PackageSettings, DockerSettings, BuildSettings, MailSettings, LimitSettings,
)  # fmt: skip
# In the order in which they are shown.
FIELDS = {name: Settings.model_fields[name] for group in _GROUPS for name in group.model_fields}
