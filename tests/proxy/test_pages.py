"""The front door's own pages."""

import json

import pytest

from firefly.errors import Forbidden, NotFound, SandboxFailed, TimedOut, Unavailable, Withheld
from firefly.proxy import Pages, heads, pages
from firefly.proxy.pages import Notice

BROWSER = heads.parse(b"GET / HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\r\n")
PROGRAM = heads.parse(b"GET / HTTP/1.1\r\nHost: a\r\nAccept: application/json\r\n\r\n")
ALL = [value for value in vars(pages).values() if isinstance(value, Notice)] + [
    pages.failure(SandboxFailed("It stopped.", output="<script>"), trusted=True)
]


@pytest.mark.parametrize("notice", ALL, ids=lambda notice: notice.title)
def test_a_page_is_small_self_contained_and_never_kept(notice: Notice) -> None:
    page = Pages().render(notice, BROWSER, request_id=b"id").decode()
    head, _, body = page.partition("\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {notice.status} ")
    assert "Cache-Control: no-store" in head
    assert f"Content-Length: {len(body.encode())}" in head
    assert len(page) < 4096
    assert "<script" not in body
    assert "src=" not in body
    assert "prefers-color-scheme:dark" in body
    assert not {"Oops", "Error 5"} & set(body.split())


@pytest.mark.parametrize("notice", ALL, ids=lambda notice: notice.title)
def test_programs_get_a_problem(notice: Notice) -> None:
    head, _, body = Pages().render(notice, PROGRAM).decode().partition("\r\n\r\n")
    problem = json.loads(body)
    assert "Content-Type: application/problem+json" in head
    assert (problem["status"], problem["type"]) == (notice.status, f"urn:firefly:{notice.kind}")
    assert problem["detail"]


def test_the_editor_may_frame_a_page() -> None:
    made = Pages()
    made.frame_in("http://localhost:8000")
    assert b"frame-ancestors 'self' http://localhost:8000\r\n" in made.render(pages.STARTING, BROWSER)


def test_only_the_last_lines_are_shown() -> None:
    output = "\n".join(f"line {n}" for n in range(1000))
    shown = pages.failure(SandboxFailed("x", output=output), trusted=True).output
    assert shown.splitlines() == [f"line {n}" for n in range(970, 1000)]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (SandboxFailed("x"), "crashed"),
        (NotFound("x"), "gone"),
        (TimedOut("x"), "starting"),
        (Unavailable("x"), "starting"),
        (TimeoutError(), "starting"),
        (ConnectionRefusedError(), "bad-gateway"),
        (Forbidden("x"), "not-running"),
        (Withheld("x"), "not-running"),
    ],
)
def test_which_failure_is_told_how(error: Exception, kind: str) -> None:
    assert pages.failure(error, trusted=True).kind == kind


def test_members_alone_are_told_who_stopped_it() -> None:
    error = Withheld("Ada stopped it.")
    assert pages.failure(error, trusted=True).detail == "Ada stopped it."
    assert pages.failure(error, trusted=False) is pages.NOT_RUNNING
