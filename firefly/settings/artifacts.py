"""The settings of the store of artifacts: a folder of this machine, or a bucket that several machines share."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, field_validator

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"[A-Za-z0-9!_.*'()/-]*")


class ArtifactSettings(BaseModel):
    """Where artifacts are kept, and how that is reached."""

    artifacts: str = Field(
        "file://",
        description="Where artifacts are kept: `file://` is below the data directory, `file:///<folder>` elsewhere, "
        "`s3://<bucket>/<prefix>` in a bucket of S3 or of a service like it, as several machines need it.",
    )
    s3_endpoint: str = Field(
        "",
        description="The URL of that service, as in `https://s3.example:9000`. Empty: AWS, or what it is told there.",
    )
    s3_region: str = Field("", description="The region of the bucket. Empty: as AWS's own variables and files say.")
    s3_style: Literal["auto", "path", "virtual"] = Field(
        "auto",
        description="Where the bucket's name stands in addresses: in the `path`, in the host (`virtual`), or by "
        "the service's name: a service of your own mostly wants `path`.",
    )
    s3_access_key: str = Field(
        "",
        description="The id of the key to that bucket. Empty: what AWS's programs would take, from "
        "`AWS_ACCESS_KEY_ID`, `AWS_PROFILE`, the files in `~/.aws`, or the machine's role.",
    )
    s3_secret_key: str = Field("", description="The key itself. Empty: as its id.")

    @field_validator("artifacts")
    @classmethod
    def _check_artifacts(cls, value: str) -> str:
        place_of(value)
        return value

    @field_validator("s3_endpoint")
    @classmethod
    def _check_endpoint(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment):
            raise ValueError("must be a URL, as in https://s3.example:9000")
        if parts.username or parts.password:
            raise ValueError("must not have credentials: they belong into FIREFLY_S3_ACCESS_KEY and …_SECRET_KEY")
        return value


@dataclass(frozen=True, slots=True)
class FolderPlace:
    """`folder` is None for the one below the data directory."""

    folder: Path | None


@dataclass(frozen=True, slots=True)
class BucketPlace:
    """`prefix` is empty, or ends with a slash."""

    bucket: str
    prefix: str


def place_of(address: str) -> FolderPlace | BucketPlace:
    """What FIREFLY_ARTIFACTS says. Raises ValueError."""
    scheme, found, rest = address.partition("://")
    if found and scheme == "file":
        if rest and not rest.startswith("/"):
            raise ValueError("must have three slashes before a folder, as in file:///srv/artifacts")
        return FolderPlace(Path(rest) if rest else None)
    if found and scheme == "s3":
        bucket, _, prefix = rest.partition("/")
        if not _BUCKET.fullmatch(bucket) or not _PREFIX.fullmatch(prefix) or "//" in prefix:
            raise ValueError("must name a bucket, and may name a prefix, as in s3://artifacts/firefly")
        return BucketPlace(bucket, prefix.strip("/") + "/" if prefix.strip("/") else "")
    raise ValueError("must be file://, file:///<folder>, or s3://<bucket>/<prefix>")
