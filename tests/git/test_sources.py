"""git URLs: what is taken, what is refused and how it is said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firefly.errors import InvalidInput
from firefly.git.sources import Source, parse_source


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://example.org/a/b.git", "https://example.org/a/b.git"),
        ("  https://Example.org/a/b/  ", "https://example.org/a/b"),
        ("https://example.org:8443/a", "https://example.org:8443/a"),
        ("https://example.org:443/a", "https://example.org/a"),
        ("https://[2001:db8::1]/a", "https://[2001:db8::1]/a"),
        ("ssh://git@example.org/a/b", "ssh://git@example.org/a/b"),
        ("ssh://example.org:2222/a/b", "ssh://git@example.org:2222/a/b"),
        ("git@example.org:a/b.git", "ssh://git@example.org/a/b.git"),
        ("example.org:a/b.git", "ssh://git@example.org/a/b.git"),
        ("file:///srv/a.git", "file:///srv/a.git"),
    ],
)
def test_takes_what_people_paste(text: str, url: str) -> None:
    assert parse_source(text).url == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "--upload-pack=touch /tmp/x",
        "-u",
        "ext::sh -c touch% /tmp/x",
        "fd::17",
        "EXT::x",
        "https://",
        "https:///path",
        "https://example.org",
        "https://example.org/",
        "https://user@example.org/a",
        "https://user:secret@example.org/a",
        "ssh://git:secret@example.org/a",
        "ssh://-oProxyCommand=x@example.org/a",
        "ssh://-oProxyCommand=x/a",
        "-oProxyCommand=x:a",
        "ssh://git@example.org/-oProxyCommand=x",
        "https://exa mple.org/a",
        "https://example.org/a b",
        "https://example.org/a\nb",
        "https://example.org/a\x00b",
        "https://example.org/a?x=1",
        "https://example.org/a#x",
        "https://example.org:99999/a",
        "https://example.org:abc/a",
        "https://exämple.org/a",
        "ftp://example.org/a",
        "git://example.org/a",
        "file://elsewhere/a",
        "/srv/a.git",
        "../a.git",
        "https://" + "a" * 3000,
    ],
)
def test_refuses_the_rest_and_names_the_field(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_source(text)

    assert refused.value.field == "git_url"
    assert "Firefly imports from" in refused.value.detail
    assert "secret" not in refused.value.detail


@given(st.text(max_size=80))
def test_whatever_is_taken_never_looks_like_an_option_or_a_helper(text: str) -> None:
    try:
        source = parse_source(text)
    except InvalidInput:
        return
    assert not source.url.startswith("-")
    assert source.url.startswith(("https://", "http://", "ssh://", "file://"))
    assert not source.host.startswith("-")
    assert not source.user.startswith("-")
    assert parse_source(source.url) == source


def test_a_source_knows_where_to_dial() -> None:
    assert parse_source("https://example.org/a") == Source("https", "example.org", 443, "", "/a")
    assert parse_source("git@example.org:a") == Source("ssh", "example.org", 22, "git", "/a")
