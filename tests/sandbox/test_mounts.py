"""The command line of bubblewrap and the bridge's environment."""

from pathlib import Path

import pytest

from firefly.sandbox import mounts
from firefly.sandbox.mounts import OWN_FILES, View, arguments, environment
from firefly.sandbox.runtimes import Runtimes


def view(folder: Path, *, staged: bool = False) -> View:
    runtimes = Runtimes(Path("/srv/python/bin/python3"), (Path("/srv/python/bin"),), (Path("/srv/python"),))
    return View(
        tree=folder / "tree",
        home=folder / "home",
        gateway=folder / "gateway",
        own_files=folder / "etc",
        prepared=folder / "prepared",
        runtimes=runtimes,
        staged=staged,
    )


def binds(options: list[str]) -> dict[str, tuple[str, str]]:
    """Target → (option, source)."""
    kinds = ("--bind", "--ro-bind", "--ro-bind-try")
    return {options[n + 2]: (options[n], options[n + 1]) for n, one in enumerate(options) if one in kinds}


def test_only_workspace_and_home_are_writable(tmp_path: Path) -> None:
    options, _ = arguments(view(tmp_path), program="/usr/bin/bwrap", memory=1 << 30)
    writable = {target for target, (kind, _) in binds(options).items() if kind == "--bind"}
    assert writable == {"/workspace", "/home/firefly"}


def test_neither_the_root_nor_the_machines_homes_are_mounted(tmp_path: Path) -> None:
    options, _ = arguments(view(tmp_path), program="/usr/bin/bwrap", memory=1 << 30)
    sources = {source for _, source in binds(options).values()}
    assert not sources & {"/", "/etc", "/home", "/root", "/var", "/run", "/sys", "/proc", "/dev", "/opt"}
    assert {f"/etc/{name}" for name in OWN_FILES} <= set(binds(options))


def test_every_namespace_is_left_and_no_other_can_be_made(tmp_path: Path) -> None:
    options, _ = arguments(view(tmp_path), program="/usr/bin/bwrap", memory=1 << 30)
    for option in ("--unshare-all", "--unshare-user", "--disable-userns", "--new-session", "--die-with-parent"):
        assert option in options
    assert options[options.index("--cap-drop") + 1] == "ALL"
    assert "--share-net" not in options


def test_as_root_what_others_cannot_pass_to_is_staged(tmp_path: Path) -> None:
    options, stage = arguments(view(tmp_path, staged=True), program="/usr/bin/bwrap", memory=1 << 30)
    by_path = {source: name for name, source in stage.items()}
    assert binds(options)["/workspace"] == ("--bind", f"/mnt/{by_path[str(tmp_path / 'tree')]}")
    assert binds(options)["/srv/python"] == ("--ro-bind", f"/mnt/{by_path['/srv/python']}")
    assert not any(str(tmp_path) in option for option in options)


def test_folders_in_memory_leave_a_quarter_for_processes(tmp_path: Path) -> None:
    options, _ = arguments(view(tmp_path), program="/usr/bin/bwrap", memory=400 << 20)
    sizes = [int(options[n + 1]) for n, one in enumerate(options) if one == "--size"]
    assert sum(sizes) <= 300 << 20


def test_prepared_repositories_are_shown_where_there_are_some(tmp_path: Path) -> None:
    made = view(tmp_path)
    assert "FIREFLY_PREPARED" not in environment(made, workspace_id="w", extra={}, port=None)
    (tmp_path / "prepared").mkdir()
    assert environment(made, workspace_id="w", extra={}, port=None)["FIREFLY_PREPARED"] == "/opt/firefly/prepared"
    options, _ = arguments(made, program="bwrap", memory=1 << 30)
    assert binds(options)["/opt/firefly/prepared"] == ("--ro-bind", str(tmp_path / "prepared"))


def test_the_environment_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "treasure")
    monkeypatch.setenv("PATH", "/treasure")
    made = environment(view(tmp_path), workspace_id="w", extra={"GREETING": "hello"}, port=None)
    assert "treasure" not in str(made)
    assert made["GREETING"] == "hello"
    assert made["PATH"] == "/opt/firefly/bin:/srv/python/bin:/usr/local/bin:/usr/bin:/bin"


def test_what_firefly_sets_cannot_be_set_otherwise(tmp_path: Path) -> None:
    made = environment(view(tmp_path), workspace_id="w", extra={"FIREFLY_WORKSPACE": "/etc"}, port=None)
    assert made["FIREFLY_WORKSPACE"] == "/workspace"


def test_trusted_authorities_are_handed_on_with_their_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in mounts.TRUST_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    authority = tmp_path / "company.pem"
    authority.write_text("certificate")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    monkeypatch.setenv("NODE_EXTRA_CA_CERTS", str(authority))
    monkeypatch.setenv("PIP_CERT", "relative.pem")
    options, _ = arguments(view(tmp_path), program="bwrap", memory=1 << 30)
    made = environment(view(tmp_path), workspace_id="w", extra={}, port=None)
    assert binds(options)[str(authority)] == ("--ro-bind", str(authority))
    assert made["NODE_EXTRA_CA_CERTS"] == str(authority)
    assert "PIP_CERT" not in made


def test_without_isolation_paths_are_the_machines(tmp_path: Path) -> None:
    made = environment(view(tmp_path), workspace_id="w", extra={}, port=4321)
    assert made["FIREFLY_WORKSPACE"] == str(tmp_path / "tree")
    assert made["HOME"] == str(tmp_path / "home")
    assert made["FIREFLY_APPLICATION_PORT"] == "4321"
    assert not any("/opt/firefly" in value for value in made.values())
