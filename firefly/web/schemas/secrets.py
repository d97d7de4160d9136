"""Secrets of a project, as the API shows them: never their values."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from .base import Input, Output


class Secret(Output):
    name: str
    state: Literal["set", "missing", "unreadable"] = Field(
        description="missing: only the name came, with a remix; unreadable: sealed with a key that is gone."
    )
    size: int = Field(description="Of the value, in bytes.")
    by: str | None = Field(description="Who set it last.")
    changed_at: datetime


class SecretValue(Input):
    value: str = Field(max_length=32 << 10, description="At most 32 KiB; what is started from now on gets it.")


class NewSecret(SecretValue):
    name: str = Field(max_length=200, description="That of an environment variable.")
