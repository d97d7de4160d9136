"""What `firefly doctor` finds, one thing at a time."""

from pydantic import BaseModel


class Check(BaseModel):
    """`ok` false with `needed` is a reason not to start; without it something works less well."""

    what: str
    ok: bool
    found: str
    remedy: str = ""
    needed: bool = False
