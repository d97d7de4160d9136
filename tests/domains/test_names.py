"""What somebody types as a host: read in one way, or refused with a sentence; never anything else."""

import ipaddress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firefly.domains import Kind, Names
from firefly.errors import InvalidInput
from firefly.settings import Settings

LABELS = st.text(alphabet="abcxyz019-_é日ß\u200d. ", max_size=70)
HOSTS = st.one_of(
    st.text(max_size=300),
    st.lists(LABELS, min_size=1, max_size=6).map(".".join),
    st.ip_addresses().map(str),
    st.sampled_from(["xn--", "xn--a", "0x7f.1", "1.2.3", "a.b:99999", "[::1", "\x00", "．", "a。b", "ﬀ.org", "İ.org"]),
)


def names(**given: object) -> Names:
    hosts = {"url": "https://app.firefly.example", "content_domain": "preview.example.net:8443", "data_dir": Path("x")}
    return Names(Settings.model_validate(hosts | given))


ANY = names()


@given(HOSTS)
def test_whatever_is_typed_is_read_in_one_way_or_refused(text: str) -> None:
    try:
        kind, host = ANY.read(text)
    except InvalidInput as refused:
        told = (refused.field, refused.detail[-1])
    else:
        told = ("host", ".")
        _check(kind, host)
    assert told == ("host", ".")


def _check(kind: Kind, host: str) -> None:
    assert host == host.lower()
    assert host.isascii()
    assert len(f"_firefly.{host}") <= 253
    assert all(0 < len(label) <= 63 for label in host.split("."))
    assert (kind is Kind.ALIAS) is host.endswith(".preview.example.net")
    assert "firefly.example" not in host
    with pytest.raises(ValueError, match="does not appear to be"):
        ipaddress.ip_address(host)
    assert ANY.read(host) == (kind, host), "what was read reads as itself"


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("Shop", "shop.preview.example.net"),
        ("shop.preview.example.net:8443", "shop.preview.example.net"),
        (" www.example.org. ", "www.example.org"),
        ("example.org", "example.org"),
        ("www.example.net", "www.example.net"),
        ("日本。jp", "xn--wgv71a.jp"),
        ("faß.de", "xn--fa-hia.de"),
        ("ｗｗｗ.example.org", "www.example.org"),
    ],
)
def test_what_is_meant(text: str, host: str) -> None:
    assert ANY.read(text)[1] == host


@pytest.mark.parametrize(
    "text", ["app.firefly.example", "firefly.example", "x.app.firefly.example", "FIREFLY.example."]
)
def test_hosts_of_the_apps_site_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="same site"):
        ANY.read(text)


@pytest.mark.parametrize("text", ["a.b.preview.example.net", "x.y.ｐreview.example.net", "x.y.preview。example．net"])
def test_nothing_below_the_content_domain_is_a_custom_one(text: str) -> None:
    with pytest.raises(InvalidInput, match="An alias has"):
        ANY.read(text)
    assert ANY.read("shop.ｐreview.example.net") == (Kind.ALIAS, "shop.preview.example.net")


def test_names_of_localhost_need_servers_of_ones_own() -> None:
    with pytest.raises(InvalidInput, match="cannot be proven"):
        ANY.read("www.shop.localhost")
    own = names(dns_servers="127.0.0.1:5353")
    assert own.read("www.shop.localhost") == (Kind.CUSTOM, "www.shop.localhost")


@pytest.mark.parametrize("servers", ["dns.example:53", "127.0.0.1", "127.0.0.1:x", "[::1]"])
def test_dns_servers_are_addresses_with_a_port(servers: str) -> None:
    with pytest.raises(ValueError, match="addresses with a port"):
        names(dns_servers=servers)
