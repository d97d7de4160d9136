"""The DNS hook: what it is told, what it is not told, and what becomes of one that fails or hangs."""

import sys
from pathlib import Path

import pytest

from firefly.errors import Unavailable
from firefly.tls.proofs import HookProof, PageProof


def script(folder: Path, text: str) -> str:
    path = folder / "hook.py"
    path.write_text(text)
    return f"{sys.executable} {path}"


def test_it_is_told_what_to_do_and_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIREFLY_SECRET_KEY", "secret")
    monkeypatch.setenv("DNS_PROVIDER_TOKEN", "its own")
    text = "import os, sys; open('said', 'a').write(f'{sys.argv[1:]} {sorted(os.environ)}\\n')"
    hook = HookProof(script(tmp_path, f"import os; os.chdir({str(tmp_path)!r})\n{text}") + " --zone 'a b'")
    hook.offer("preview.test", "token", "value")
    hook.withdraw("preview.test", "token", "value")
    first, second = (tmp_path / "said").read_text().splitlines()
    assert first.startswith("['--zone', 'a b', 'set', '_acme-challenge.preview.test', 'value'] ")
    assert "'remove', '_acme-challenge.preview.test', 'value'" in second
    assert "DNS_PROVIDER_TOKEN" in first
    assert "FIREFLY_SECRET_KEY" not in first


def test_the_last_line_that_it_said_is_the_reason(tmp_path: Path) -> None:
    hook = HookProof(script(tmp_path, "import sys; sys.exit('zone is locked')"))
    with pytest.raises(Unavailable, match="ended with 1: zone is locked"):
        hook.offer("preview.test", "token", "value")


def test_one_that_hangs_is_ended(tmp_path: Path) -> None:
    hook = HookProof(script(tmp_path, "import time; time.sleep(600)"), limit=0.2)
    with pytest.raises(Unavailable, match=r"did not end within 0\.2 s"):
        hook.offer("preview.test", "token", "value")


def test_one_that_does_not_exist_is_told() -> None:
    with pytest.raises(Unavailable, match="/no/such/hook cannot be run: No such file"):
        HookProof("/no/such/hook").offer("preview.test", "token", "value")


def test_a_page_is_there_while_it_is_offered() -> None:
    pages = PageProof()
    pages.offer("firefly.test", "token", "value")
    assert dict(pages) == {"token": "value"}
    pages.withdraw("firefly.test", "token", "value")
    pages.withdraw("firefly.test", "token", "value")
    assert len(pages) == 0
