"""The store that the settings name, open for as long as a block runs."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput
from ..settings import Settings
from ..settings.artifacts import BucketPlace, FolderPlace, place_of
from .file import FileArtifactStore
from .store import ArtifactStore

if TYPE_CHECKING:
    from .bucket import Bucket

# Seconds for which a service that does not answer is waited for at start, and between tries.
PATIENCE, PAUSE = 30.0, 2.0
# Seconds: until there is a connection, and until the next bytes come by it; tries of one call by the client.
CONNECT, READ, TRIES = 5, 60, 5


@asynccontextmanager
async def opened(settings: Settings, address: str = "") -> AsyncIterator[ArtifactStore]:
    """The one at `address`, or that of FIREFLY_ARTIFACTS. Raises InvalidInput with what is to be put right."""
    place = place_of(address or settings.artifacts)
    own = settings.data_dir / "artifacts"
    if isinstance(place, FolderPlace):
        yield FileArtifactStore(place.folder or own)
        return
    # Costs time and memory that only those pay who keep artifacts there.
    try:
        import aiobotocore  # noqa: F401
    except ModuleNotFoundError as error:
        raise InvalidInput(
            "Artifacts in a bucket need a package that is not installed: pip install 'firefly-studio[s3]'."
        ) from error
    from .s3 import S3ArtifactStore

    async with _reached(settings, place) as bucket:
        yield S3ArtifactStore(bucket, own / "incoming")


@asynccontextmanager
async def _reached(settings: Settings, place: BucketPlace) -> "AsyncIterator[Bucket]":
    """Raises InvalidInput where it cannot be used as it is configured, or does not answer for a while."""
    from botocore.exceptions import BotoCoreError

    from .bucket import Bucket

    async with AsyncExitStack() as stack:
        try:
            client = await stack.enter_async_context(_client(settings))
        except (BotoCoreError, ValueError) as error:
            raise InvalidInput(f"FIREFLY_ARTIFACTS: {error}") from error
        bucket = Bucket(client, place)
        stack.push_async_callback(bucket.standing.close)
        await _check(bucket)
        yield bucket


async def _check(bucket: "Bucket") -> None:
    from .explaining import StoreAway

    until = asyncio.get_running_loop().time() + PATIENCE
    while True:
        try:
            return await bucket.check()
        except StoreAway as error:
            if not error.passing or asyncio.get_running_loop().time() > until:
                raise InvalidInput(f"FIREFLY_ARTIFACTS: {error.reason}") from error
        await asyncio.sleep(PAUSE)


def _client(settings: Settings) -> Any:
    from aiobotocore.config import AioConfig
    from aiobotocore.session import get_session

    session = get_session()
    # Else the client trusts a list of its own. AWS_CA_BUNDLE, and the same in AWS's files, go before.
    trusted = session.get_config_variable("ca_bundle") or ssl.get_default_verify_paths().cafile
    return session.create_client(
        "s3",
        endpoint_url=settings.s3_endpoint or None,
        region_name=settings.s3_region or session.get_config_variable("region") or "us-east-1",
        aws_access_key_id=settings.s3_access_key or None,
        aws_secret_access_key=settings.s3_secret_key or None,
        verify=trusted,
        config=AioConfig(
            signature_version="s3v4",
            s3={"addressing_style": settings.s3_style},
            # What not every service knows; parts are checked by their MD5, the whole by its digest.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            retries={"mode": "standard", "total_max_attempts": TRIES},
            connect_timeout=CONNECT,
            read_timeout=READ,
            max_pool_connections=64,
        ),
    )
