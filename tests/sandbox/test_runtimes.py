"""Where git, Node and Python come from, on machines that have them and machines that do not."""

import os
import sys
from pathlib import Path

import pytest

from firefly.errors import InvalidInput
from firefly.sandbox import languages, runtimes
from firefly.sandbox.runtimes import fetch_node, find, find_node


def programs(folder: Path, *names: str) -> Path:
    binaries = folder / "bin"
    binaries.mkdir(parents=True)
    for name in names:
        (binaries / name).write_text("#!/bin/sh\necho v1\n")
        (binaries / name).chmod(0o755)
    return binaries


def test_the_python_that_runs_firefly_is_used(tmp_path: Path) -> None:
    found = find(tmp_path)
    assert found.python == Path(sys.executable).resolve()
    assert found.python.is_relative_to("/usr") or any(found.python.is_relative_to(one) for one in found.folders)


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    lacks = {lack.what: lack.remedy for lack in find(tmp_path).lacks}
    assert lacks["git"] == "apt install git"
    assert lacks["Node.js"] == "apt install nodejs npm"


def test_node_elsewhere_is_shown_with_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(programs(tmp_path / "tools", "node", "npm", "git")))
    found = find(tmp_path)
    assert tmp_path / "tools" in found.folders
    assert tmp_path / "tools" / "bin" in found.binaries
    assert not {"git", "Node.js"} & {lack.what for lack in found.lacks}


def test_node_without_npm_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(programs(tmp_path / "tools", "node")))
    assert find_node(tmp_path) is None


@pytest.mark.parametrize("place", [".", ".local"])
def test_programs_in_a_home_among_other_things_are_not_shown_and_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """As after `./configure --prefix=$HOME/.local`: its `share` holds keyrings and what programs remember."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(programs(tmp_path / "home" / place, "node", "npm", "git")))
    found = find(tmp_path)
    shown = [str(path) for path in (*found.folders, *found.binaries)]
    assert not [path for path in shown if path.startswith(str(tmp_path))]
    told = {lack.what: lack.consequence for lack in found.lacks}
    assert all("lies in a folder with other things" in told[what] for what in ("Node.js", "git"))
    # The server has another Node then, as where the machine has none.
    binaries = programs(tmp_path / "runtimes" / "node", "node", "npm")
    assert find(tmp_path).folders[-1] == binaries.parent


def test_of_a_home_that_python_was_installed_into_nothing_else_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = Path(sys.base_prefix).resolve()
    monkeypatch.setattr(runtimes, "SYSTEM", tmp_path)
    monkeypatch.setenv("HOME", str(prefix))
    folders = find(tmp_path).folders
    assert Path(sys.executable).resolve() in folders
    assert Path(os.__file__).parent in folders
    assert not any(prefix.is_relative_to(folder) for folder in folders)


def test_node_kept_in_the_data_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    binaries = programs(tmp_path / "runtimes" / "node", "node", "npm")
    assert find_node(tmp_path) == binaries / "node"


async def test_an_installed_wheel_is_put_into_the_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wheel has no links: its npm is a script that must be started by its node."""
    monkeypatch.setenv("PATH", str(tmp_path))
    wheel = tmp_path / "wheel"
    programs(wheel, "node")
    script = wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    script.parent.mkdir(parents=True)
    script.write_text("npm")
    (wheel / "bin" / "node").chmod(0o644)
    monkeypatch.setattr(runtimes, "_installed_wheel", lambda: wheel)
    assert await fetch_node(tmp_path / "data")
    kept = tmp_path / "data" / "runtimes" / "node"
    assert find_node(tmp_path / "data") == kept / "bin" / "node"
    assert f'"{kept}/bin/node" "{kept}/lib/node_modules/npm/bin/npm-cli.js"' in (kept / "bin" / "npm").read_text()
    assert (kept / "bin" / "node").stat().st_mode & 0o111


async def test_a_wheel_that_cannot_be_had_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def no_network(_: Path) -> Path:
        raise OSError("no network")

    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(runtimes, "_installed_wheel", lambda: None)
    monkeypatch.setattr(runtimes, "_download", no_network)
    assert not await fetch_node(tmp_path)
    assert find_node(tmp_path) is None


def test_a_language_elsewhere_is_shown_with_its_own_folder_and_a_home_never_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies in /usr is seen in any case."""
    own, home = programs(tmp_path / "go", "go"), programs(tmp_path / "home", "ruby")
    (tmp_path / "go" / "src" / "runtime").mkdir(parents=True)
    monkeypatch.setenv("PATH", f"{own}:{home}")
    found = find(tmp_path)
    assert (tmp_path / "go" in found.folders, own in found.binaries) == (True, True)
    assert not any(home.is_relative_to(folder) for folder in (*found.folders, *found.binaries))
    # Not even one that a language was installed into, as by `./configure --prefix=$HOME/.local`.
    monkeypatch.setenv("HOME", str(home.parent))
    for binaries in (home, programs(home.parent / ".local", "ruby")):
        (binaries.parent / "lib" / "ruby").mkdir(parents=True)
        monkeypatch.setenv("PATH", str(binaries))
        assert not list(languages.places([]))


def test_rust_is_the_toolchain_that_rustup_would_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = programs(tmp_path / "cargo", "rustup")
    (started / "cargo").symlink_to("rustup")
    toolchain = tmp_path / "rustup" / "toolchains" / "stable-x"
    (toolchain / "lib" / "rustlib").mkdir(parents=True)
    programs(toolchain, "cargo")
    (tmp_path / "rustup" / "settings.toml").write_text('default_toolchain = "stable-x"\n')
    monkeypatch.setenv("PATH", str(started))
    monkeypatch.setenv("RUSTUP_HOME", str(tmp_path / "rustup"))
    found = find(tmp_path)
    assert (toolchain in found.folders, toolchain / "bin" in found.binaries) == (True, True)
    (tmp_path / "rustup" / "settings.toml").write_text('default_toolchain = "../../other"\n')
    assert toolchain not in find(tmp_path).folders


def test_languages_are_named_in_a_list_and_no_others_are() -> None:
    assert languages.named(" php,go ,,") == ("go", "php")
    assert languages.packages(["go", "ruby"])[0] == "golang-go"
    with pytest.raises(InvalidInput, match="cobol is no language of these: go,"):
        languages.named("go,cobol")
