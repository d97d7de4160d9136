"""Artifacts of one store in another: checked, as often as they were put, and where it broke off it goes on."""

from pathlib import Path
from secrets import token_hex

import pytest

from firefly.artifacts import Held, opened
from firefly.artifacts.copying import Copied, copy_all
from firefly.errors import Unavailable
from firefly.settings import Settings
from firefly.testing.meddler import Fault, Meddler
from tests.support.s3 import S3Server

from .bodies import pieces, read

LIMIT = 1 << 20


async def test_from_files_into_a_bucket_and_back(s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, int]] = []
    async with Meddler(s3.url).running() as meddler:
        given = {"data_dir": tmp_path, **s3.settings(token_hex(8), s3_endpoint=meddler.url)}
        settings = Settings.model_validate(given)
        async with opened(settings, "file://") as files, opened(settings) as bucket:
            twice = (await files.put(pieces(b"twice"), limit=LIMIT)).digest
            await files.put(pieces(b"twice"), limit=LIMIT)
            others = [(await files.put(pieces(b"%d" % number), limit=LIMIT)).digest for number in range(3)]
            async with files.local(others[0]) as path:
                path.write_bytes(b"!")

            would = await copy_all(files, bucket, dry=True, tell=lambda at, of: None)
            assert (would.count, await bucket.listed()) == (4, [])
            meddler.plan(Fault.REFUSE, "PUT", others[2][9:], code="AccessDenied", status=403)
            with pytest.raises(Unavailable):
                await copy_all(files, bucket, dry=False, tell=lambda at, of: None)
            copied = await copy_all(files, bucket, dry=False, tell=lambda at, of: seen.append((at, of)))
            assert copied.damaged == [others[0]]
            assert copied.count + copied.there == 3
            assert await bucket.puts(twice) == 2
            assert await read(bucket, others[1]) == b"1"
            assert seen[-1] == (4, 4)

            async with opened(settings, f"file://{tmp_path}/elsewhere") as back:
                await copy_all(bucket, back, dry=False, tell=lambda at, of: None)
                assert sorted(await back.listed(), key=str) == sorted(await bucket.listed(), key=str)
                assert Held(twice, 2, 5) in await back.listed()
                again = await copy_all(bucket, back, dry=False, tell=lambda at, of: None)
                assert again == Copied(there=3)
