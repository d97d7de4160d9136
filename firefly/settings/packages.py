"""The settings of the cache of packages that installs in all sandboxes download through."""

from urllib.parse import urlsplit

from pydantic import BaseModel, Field, field_validator


class PackageSettings(BaseModel):
    """Whether there is one, and where it has packages from. Nobody's credentials are ever sent there."""

    package_cache: int = Field(
        5 << 30,
        ge=0,
        description="Bytes of packages from npm's registry and Python's index that are kept for the installs of all "
        "projects; what was not used for the longest time goes. 0: nothing is kept, and each sandbox asks by itself.",
    )
    npm_registry: str = Field(
        "",
        description="The registry that the cache has npm's packages from, without credentials. Empty: the one of this "
        "machine's own npm.",
    )
    python_index: str = Field(
        "",
        description="The index, as in `https://index.example/simple/`, that the cache has Python's packages from, "
        "without credentials. Empty: the one of this machine's own pip.",
    )

    @field_validator("npm_registry", "python_index")
    @classmethod
    def _check_upstream(cls, value: str) -> str:
        return upstream(value) if value else value


def upstream(url: str) -> str:
    """The URL of a registry with a slash at its end. Raises ValueError for what is none, or is not everybody's."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must be a URL, as in https://registry.example/")
    if parts.username or parts.password:
        raise ValueError("must not have credentials: what is fetched with them would be everybody's")
    return parts._replace(path=parts.path.rstrip("/") + "/").geturl()
