"""The settings of projects: what is made ready ahead, and what may be brought in."""

from typing import Literal

from pydantic import BaseModel, Field

from .texts import Texts


class ProjectSettings(BaseModel):
    """Sizes in bytes, times in seconds."""

    prebuilds: Literal["all", "projects", "off"] = Field(
        "all",
        description="What is made ready ahead, with its dependencies installed: templates and the default branches of "
        "projects (`all`), the latter alone, or nothing. Needs the `process` backend, with isolation.",
    )
    workspace_archive_days: float = Field(
        30,
        ge=0,
        le=3650,
        description="Days without use after which a workspace is archived: kept elsewhere, and removed from the disk, "
        "until somebody opens it. Its members are told up to a week before. 0: never.",
    )
    max_upload: int = Field(256 << 20, ge=1 << 20, description="Bytes of one uploaded file or archive.")
    import_timeout: float = Field(900, gt=0, description="Seconds that an import from a git URL may take.")
    import_addresses: Texts = Field(
        (), description="Private addresses or networks that imports may reach all the same, separated by commas."
    )
