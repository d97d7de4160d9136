"""Patterns of a .dockerignore, as Docker's own documentation means them."""

import time

import pytest

from firefly.builds.images.ignoring import Ignored


@pytest.mark.parametrize(
    ("text", "ignored", "kept"),
    [
        ("# comment\n\n*/temp*\n", ["a/temporary.txt", "a/temp/file"], ["temp", "a/b/temp", "comment"]),
        ("*/*/temp*", ["a/b/tempx"], ["a/temp", "a/b/c/temp"]),
        ("temp?", ["tempa", "tempb/x"], ["temp", "tempab"]),
        ("**/*.go", ["x.go", "a/x.go", "a/b/c/x.go"], ["a/x.gone"]),
        ("*.md\n!README*.md\nREADME-secret.md", ["x.md", "README-secret.md"], ["README.md", "README-x.md", "a/x.md"]),
        ("/foo/bar/\n./baz/../qux", ["foo/bar/x", "foo/bar", "qux/y"], ["bar/x", "baz"]),
        ("*\n!src", ["a", "b/c"], ["src/x", "src/a/b"]),
        ("[a-c]x\n[^a]y", ["ax", "by"], ["dx", "ay"]),
        ("a/**/b", ["a/b", "a/x/y/b/c"], ["a/x", "b"]),
        ("\\*\n[z-a]\n[", ["*", "["], ["a", "ab"]),
        ("..\n/\n!\n.", [], ["a"]),
    ],
)
def test_what_is_named_is_left_out(text: str, ignored: list[str], kept: list[str]) -> None:
    found = Ignored(text)
    assert [path for path in ignored if path not in found] == []
    assert [path for path in kept if path in found] == []


def test_a_hostile_pattern_takes_no_time() -> None:
    found = Ignored("**/" * 40 + "*a" * 60 + "\n" + ("*" * 200 + "b"))
    began = time.thread_time()
    assert "/".join(["a" * 120 + "c"] * 100) not in found
    assert time.thread_time() - began < 1
    with pytest.raises(ValueError, match="more than 500"):
        Ignored("a\n" * 501)
