"""Settings: their sources and which of them wins, what is refused, and what follows from them."""

import os
from pathlib import Path

import pytest

from firefly.addresses import addresses
from firefly.errors import InvalidInput
from firefly.settings import LONGEST_RUN_DIR, Settings, load


def test_flags_win_over_variables_and_these_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "firefly.toml"
    file.write_text('listen = "127.0.0.1:1"\nlog_level = "debug"\nidle_stop = 60\n')
    monkeypatch.setenv("FIREFLY_CONFIG", str(file))
    monkeypatch.setenv("FIREFLY_LISTEN", "127.0.0.1:2")
    monkeypatch.setenv("FIREFLY_LOG_LEVEL", "warning")
    made = load({"listen": "127.0.0.1:3", "log_level": None})
    assert (made.listen, made.log_level, made.idle_stop) == ("127.0.0.1:3", "warning", 60)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LISTEN", "8000"),
        ("LISTEN", ":8000"),
        ("LISTEN", "127.0.0.1:http"),
        ("LISTEN", "127.0.0.1:65536"),
        ("LISTEN", "127.0.0.1:1,"),
        ("LISTEN", "::1:8000"),
        ("PLAIN_LISTEN", "80"),
        ("HSTS", "-1"),
        ("SANDBOX", "podman"),
        ("LOG_LEVEL", "loud"),
        ("IDLE_STOP", "0"),
        ("IDLE_STOP", "soon"),
        ("PREPARED_SANDBOXES", "-1"),
        ("SANDBOX_MEMORY", "1024"),
        ("MAX_UPLOAD", "1"),
        ("EGRESS_ALLOW", "10.0.0.0/8,fd00::/8"),
        ("EGRESS_ALLOW", "10.1.2.3/8"),
        ("EGRESS_ALLOW", "127.0.0.1"),
        ("EGRESS_ALLOW", "0.0.0.0/0"),
    ],
)
def test_what_breaks_a_rule_is_refused_by_its_name(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"FIREFLY_{name}", value)
    with pytest.raises(InvalidInput, match=f"FIREFLY_{name}: "):
        load()


def test_every_mistake_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIREFLY_LOG_LEVEL", "loud")
    monkeypatch.setenv("FIREFLY_SANDBOX", "podman")
    with pytest.raises(InvalidInput) as caught:
        load()
    assert sorted(line.partition(":")[0] for line in str(caught.value).splitlines()) == [
        "FIREFLY_LOG_LEVEL",
        "FIREFLY_SANDBOX",
    ]


def test_the_proxy_protocol_needs_the_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIREFLY_PROXY_PROTOCOL", "1")
    with pytest.raises(InvalidInput, match="FIREFLY_TRUSTED_PROXIES"):
        load()
    monkeypatch.setenv("FIREFLY_TRUSTED_PROXIES", "192.0.2.1")
    assert load().proxy_protocol


def test_a_variable_that_is_no_setting_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIREFLY_COLOUR", "red")
    with pytest.raises(InvalidInput, match="FIREFLY_COLOUR: not a setting"):
        load()


def test_a_key_of_the_file_that_is_no_setting_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "firefly.toml").write_text('colour = "red"\n')
    monkeypatch.setenv("FIREFLY_CONFIG", str(tmp_path / "firefly.toml"))
    with pytest.raises(InvalidInput, match="FIREFLY_COLOUR"):
        load()


@pytest.mark.parametrize("content", [b"listen = [", b"\xff\xfe", b"just text"])
def test_a_file_that_is_not_toml_is_told_with_its_name(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "firefly.toml").write_bytes(content)
    monkeypatch.setenv("FIREFLY_CONFIG", str(tmp_path / "firefly.toml"))
    with pytest.raises(InvalidInput, match=r"firefly\.toml is not TOML"):
        load()


def test_a_file_that_was_named_and_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIREFLY_CONFIG", str(tmp_path / "gone.toml"))
    with pytest.raises(InvalidInput, match=r"gone\.toml cannot be read: No such file"):
        load()


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIREFLY_SECRET_KEY", "new, old,")
    monkeypatch.setenv("FIREFLY_TRUSTED_PROXIES", "10.0.0.0/8,127.0.0.1")
    monkeypatch.setenv("FIREFLY_EGRESS_ALLOW", "10.1.2.3, 192.168.0.0/16,")
    made = load()
    assert made.egress_allow == ("10.1.2.3/32", "192.168.0.0/16")
    assert made.secret_key == ("new", "old")
    assert made.trusted_proxies == ("10.0.0.0/8", "127.0.0.1")
    assert made.import_addresses == ()


@pytest.mark.parametrize(
    ("listen", "url", "domain"),
    [
        ("127.0.0.1:8000", "http://localhost:8000", "preview.localhost:8000"),
        ("0.0.0.0:80", "http://localhost", "preview.localhost"),
        ("[::1]:9000", "http://localhost:9000", "preview.localhost:9000"),
    ],
)
def test_hosts_that_are_not_given_follow_from_the_port(listen: str, url: str, domain: str) -> None:
    made = Settings(listen=listen)
    assert (made.url, made.content_domain) == (url, domain)
    assert made.content_url("site--ada") == f"http://site--ada.{domain}"


@pytest.mark.parametrize(
    ("listen", "url"), [("[::]:443,0.0.0.0:443", "https://localhost"), ("127.0.0.1:8443", "https://localhost:8443")]
)
def test_with_certificates_users_come_by_https(listen: str, url: str) -> None:
    made = Settings(listen=listen, tls_certificates=("app.pem",))
    assert (made.url, made.encrypted) == (url, True)
    assert made.content_url("a--b") == url.replace("localhost", "a--b.preview.localhost")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"tls_certificates": ("a.pem", "b.pem"), "tls_keys": ("a.key",)}, "as many files"),
        ({"tls_keys": ("a.key",)}, "as many files"),
        ({"tls_certificates": ("a.pem",), "url": "http://firefly.example"}, "must begin with https://"),
        ({"plain_listen": "0.0.0.0:80"}, "must begin with https://"),
    ],
)
def test_settings_of_tls_that_contradict_each_other_are_refused(given: dict[str, object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Settings.model_validate(given)


@pytest.mark.parametrize(
    ("given", "age"),
    [
        ({"url": "https://firefly.example"}, 31536000),
        ({"url": "https://firefly.example", "hsts": 60}, 60),
        ({"url": "https://firefly.example", "hsts": 0}, 0),
        ({"url": "http://firefly.example"}, 0),
        ({"url": "https://localhost:8443"}, 0),
    ],
)
def test_browsers_are_bound_to_https_only_where_that_makes_sense(given: dict[str, object], age: int) -> None:
    assert Settings.model_validate(given).strict_age == age


def test_hosts_that_are_given_are_tidied() -> None:
    made = Settings(url="https://Firefly.example/", content_domain="Preview.Example")
    assert (made.app_host, made.scheme) == ("firefly.example", "https")
    assert made.content_url("a--b") == "https://a--b.preview.example"


@pytest.mark.parametrize("url", ["http://preview.example", "http://app.preview.example"])
def test_the_app_is_never_a_sibling_of_previews(url: str) -> None:
    with pytest.raises(ValueError, match="must not lie below"):
        Settings(url=url, content_domain="preview.example")


@pytest.mark.parametrize(
    ("listen", "address"), [("127.0.0.1:8000", ("127.0.0.1", 8000)), ("[::1]:0", ("::1", 0)), ("host:1", ("host", 1))]
)
def test_an_address_is_host_and_port(listen: str, address: tuple[str, int]) -> None:
    assert Settings(listen=listen).address == address


def test_several_addresses_are_separated_by_commas() -> None:
    made = Settings(listen="0.0.0.0:8443, [::]:8443")
    assert addresses(made.listen) == [("0.0.0.0", 8443), ("::", 8443)]
    assert made.address == ("0.0.0.0", 8443)


def test_the_data_folder_is_absolute_whatever_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert Settings(data_dir=Path("var")).data_dir == tmp_path / "var"
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert Settings(data_dir=Path("~/firefly")).data_dir == tmp_path / "home" / "firefly"


def test_sockets_lie_where_their_paths_are_short_enough(tmp_path: Path) -> None:
    short = Settings(data_dir=Path("/srv/firefly"))
    assert short.run_dir == Path("/srv/firefly/run")
    long = [Settings(data_dir=tmp_path / ("x" * 60) / name).run_dir for name in ("one", "two")]
    assert all(len(os.fsencode(folder)) <= LONGEST_RUN_DIR for folder in long)
    assert long[0] != long[1]


def test_folders_are_made_for_passing_through_only(settings: Settings) -> None:
    for folder in (settings.data_dir, settings.run_dir):
        assert folder.stat().st_mode & 0o777 == 0o711
    settings.data_dir.chmod(0o777)
    settings.prepare_folders()
    assert settings.data_dir.stat().st_mode & 0o777 == 0o711


def test_a_folder_behind_a_link_is_refused(tmp_path: Path) -> None:
    """In /tmp anybody may have put it there."""
    (tmp_path / "target").mkdir()
    (tmp_path / "data").symlink_to(tmp_path / "target")
    with pytest.raises(InvalidInput, match="is not a folder of this user"):
        Settings(data_dir=tmp_path / "data").prepare_folders()


@pytest.mark.parametrize("name", ["file", "file/data"])
def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InvalidInput, match=r"cannot be made: (File exists|Not a directory)\. Choose another"):
        Settings(data_dir=tmp_path / name).prepare_folders()


@pytest.mark.root
@pytest.mark.skipif(os.getuid() != 0, reason="gives a folder away")
def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    os.chown(tmp_path / "data", 64200, 64200)
    with pytest.raises(InvalidInput, match="is not a folder of this user"):
        Settings(data_dir=tmp_path / "data").prepare_folders()
