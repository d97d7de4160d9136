"""The settings of folders: where everything is kept, and where sockets live."""

import hashlib
import os
import stat
from pathlib import Path

from pydantic import BaseModel, Field, field_validator

from firefly.errors import InvalidInput

# sun_path of a unix socket holds 107 bytes; the longest name below the run folder takes about 60 of them.
LONGEST_RUN_DIR = 44


class FolderSettings(BaseModel):
    """One folder, and what follows from it."""

    data_dir: Path = Field(Path("var"), description="Everything that Firefly keeps.")

    @field_validator("data_dir")
    @classmethod
    def _make_absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

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
