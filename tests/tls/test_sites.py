"""What is one site and what are two, and which hosts a server refuses to start with."""

import pytest

from firefly.errors import InvalidInput
from firefly.settings import Settings
from firefly.tls.sites import check, concerns, site_of


@pytest.mark.parametrize(
    ("host", "site"),
    [
        ("firefly.example.com", "example.com"),
        ("a.b.example.co.uk", "example.co.uk"),
        ("EXAMPLE.com.", "example.com"),
        ("ann.github.io", "ann.github.io"),
        ("shop.ann.github.io", "ann.github.io"),
        ("github.io", "github.io"),
        ("intranet", "intranet"),
        ("x.firefly", "x.firefly"),
        ("a.xn--85x722f.xn--55qx5d.cn", "xn--85x722f.xn--55qx5d.cn"),
        ("127.0.0.1", "127.0.0.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("localhost", "localhost"),
        ("shop.preview.localhost", "preview.localhost"),
    ],
)
def test_a_site_is_what_somebody_can_own(host: str, site: str) -> None:
    assert site_of(host) == site


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        ("http://localhost:8000", "preview.localhost:8000"),
        ("https://firefly.localhost:8443", "preview.localhost:8443"),
        ("http://127.0.0.1:8000", "preview.localhost:8000"),
        ("https://firefly.example.com", "firefly-content.example.net"),
        ("https://firefly.example.co.uk", "previews.co.uk"),
        ("https://firefly.github.io", "previews.github.io"),
        # Registered as a public suffix itself, as hosters do with such domains.
        ("https://example.com", "github.io"),
        ("https://192.0.2.1", "previews.example.com"),
        ("https://firefly", "preview.firefly"),
    ],
)
def test_hosts_on_different_sites_are_fine(url: str, domain: str) -> None:
    assert check(Settings(url=url, content_domain=domain)) == []


@pytest.mark.parametrize(
    ("url", "domain", "site"),
    [
        ("https://firefly.example.com", "preview.example.com", "example.com"),
        ("https://example.com", "preview.example.com", "example.com"),
        ("https://example.com:8443", "preview.example.com:8443", "example.com"),
        ("https://firefly.example.co.uk", "preview.example.co.uk", "example.co.uk"),
        ("https://ann.github.io", "preview.ann.github.io", "ann.github.io"),
        ("http://app.firefly.localhost:8000", "preview.firefly.localhost:8000", "firefly.localhost"),
    ],
)
def test_one_site_for_both_is_refused_unless_it_is_meant(url: str, domain: str, site: str) -> None:
    with pytest.raises(InvalidInput, match=f"are one site to browsers .{site}.") as caught:
        check(Settings(url=url, content_domain=domain))
    assert "FIREFLY_ALLOW_SAME_SITE=1" in caught.value.detail
    allowed = check(Settings(url=url, content_domain=domain, allow_same_site=True))
    assert [concern.what for concern in allowed] == ["app and previews"]


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        ("http://firefly.example.com", "previews.example.net"),
        ("http://192.0.2.1:8000", "previews.example.net"),
        ("http://localhost:8000", "previews.example.net"),
        ("http://firefly.example.com", "preview.localhost"),
    ],
)
def test_plain_http_off_localhost_is_refused_unless_it_is_meant(url: str, domain: str) -> None:
    with pytest.raises(InvalidInput, match=f"{url} is not https") as caught:
        check(Settings(url=url, content_domain=domain))
    assert "FIREFLY_ALLOW_HTTP=1" in caught.value.detail
    assert len(check(Settings(url=url, content_domain=domain, allow_http=True))) == 1


def test_previews_need_names() -> None:
    with pytest.raises(InvalidInput, match="is an address"):
        check(Settings(url="https://firefly.example", content_domain="192.0.2.1", allow_same_site=True))


def test_everything_that_is_wrong_is_told_at_once() -> None:
    found = list(concerns(Settings(url="http://firefly.example.com", content_domain="preview.example.com")))
    assert [concern.what for concern in found] == ["app and previews", "https"]
