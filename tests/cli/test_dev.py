"""`firefly dev cert`: what it makes, uses again, and tells."""

import json
import stat
from pathlib import Path

from .conftest import Run


async def test_a_certificate_for_app_and_previews_is_made_and_told(
    run: Run, environment: dict[str, str], tmp_path: Path
) -> None:
    environment["FIREFLY_DATA_DIR"] = str(tmp_path / "data")
    done = await run("dev", "cert")
    assert done.code == 0, done.err
    for system in ("Debian", "Chromium", "macOS", "Windows", "Firefox"):
        assert system in done.out
    for line in (
        "export FIREFLY_URL=https://localhost:8000",
        "export FIREFLY_CONTENT_DOMAIN=preview.localhost:8000",
        f"export FIREFLY_TLS_CERTIFICATES={tmp_path}/data/tls/dev.pem",
        f"export FIREFLY_TLS_KEYS={tmp_path}/data/tls/dev.key",
    ):
        assert line in done.out
    assert "(made now)" in done.out
    assert stat.S_IMODE((tmp_path / "data/tls/dev.key").stat().st_mode) == 0o600


async def test_the_authority_is_used_again(run: Run, environment: dict[str, str], tmp_path: Path) -> None:
    options = ("--json", "--folder", str(tmp_path / "certificates"), "--authority", str(tmp_path / "authority"))
    first, second = [json.loads((await run("dev", "cert", *options)).out) for _ in range(2)]
    assert (first["made_authority"], second["made_authority"]) == (True, False)
    assert first["root"] == second["root"] == str(tmp_path / "authority/root.pem")
    assert second["names"] == ["localhost", "*.preview.localhost", "127.0.0.1", "::1"]
    environment |= {"FIREFLY_URL": "https://firefly.test:8443", "FIREFLY_CONTENT_DOMAIN": "preview.other:8443"}
    refused = await run("dev", "cert", *options)
    assert refused.code == 1
    assert "was not made for firefly.test" in refused.err
    renewed = json.loads((await run("dev", "cert", *options, "--new-authority")).out)
    assert (renewed["made_authority"], renewed["names"]) == (True, ["firefly.test", "*.preview.other"])
    assert renewed["settings"]["FIREFLY_URL"] == "https://firefly.test:8443"
