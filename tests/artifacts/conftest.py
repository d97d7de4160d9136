"""Both stores, and what lies behind each of them."""

import functools
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex

import pytest
from botocore import loaders

from firefly.artifacts import ArtifactStore, bucket, opened, opening, standing
from firefly.artifacts import s3 as s3_store
from firefly.settings import Settings
from firefly.testing.meddler import Meddler
from tests.support.s3 import S3Server, s3_server


@dataclass
class Ground:
    """`folder` is where what is kept lies as files, `incoming` where what comes is written first."""

    settings: Settings
    folder: Path
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def another(self) -> ArtifactStore:
        """As another server opens it."""
        return await self.stack.enter_async_context(opened(self.settings))

    @property
    def incoming(self) -> Path:
        return self.settings.data_dir / "artifacts" / "incoming"

    def files(self) -> list[Path]:
        folders = {self.folder, self.incoming}
        found = {path for folder in folders for path in folder.rglob("*") if path.is_file() and path.name != "lock"}
        return sorted(found)


@pytest.fixture(autouse=True, scope="session")
def _descriptions() -> Iterator[None]:
    """The library reads a megabyte of them for each client: here all of them together do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loaders, "create_loader", functools.cache(loaders.create_loader))
        yield


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(params=["folder", "bucket"])
async def ground(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Ground]:
    if request.param == "folder":
        made = Ground(Settings(data_dir=tmp_path), tmp_path / "artifacts")
    else:
        server: S3Server = request.getfixturevalue("s3")
        prefix = token_hex(8)
        settings = Settings.model_validate({"data_dir": tmp_path, **server.settings(prefix)})
        made = Ground(settings, server.files(prefix))
    async with made.stack:
        yield made


@pytest.fixture
async def store(ground: Ground) -> ArtifactStore:
    return await ground.another()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small parts, hardly any pauses, and nothing of what AWS's variables say."""
    monkeypatch.setattr(opening, "PATIENCE", 0.0)
    monkeypatch.setattr(opening, "TRIES", 2)
    monkeypatch.setattr(bucket, "PAUSE", 0.001)
    monkeypatch.setattr(s3_store, "PATIENCE", 0.0)
    monkeypatch.setattr(s3_store, "PAUSE", 0.01)
    monkeypatch.setattr(bucket, "PART", 1 << 20)
    for name in os.environ:
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setattr(standing, "PAUSE", 0.05)


@pytest.fixture
async def meddler(s3: S3Server) -> AsyncIterator[Meddler]:
    async with Meddler(s3.url).running() as made:
        yield made


@pytest.fixture
def prefix() -> str:
    return token_hex(8)


def configured(s3: S3Server, folder: Path, prefix: str, **more: object) -> Settings:
    """The settings of a server that keeps its artifacts there."""
    return Settings.model_validate({"data_dir": folder, **s3.settings(prefix, **more)})
