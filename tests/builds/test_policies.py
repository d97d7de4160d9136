"""What is built by itself: policies, patterns, firefly.yml, and the commit's own word."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firefly.builds.asking.globs import Glob
from firefly.builds.asking.policies import Policy, manifest_of, matches, refusal

MAIN = "refs/heads/main"


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("main", ["main"], ["maine", "a/main", "mai", ""]),
        ("feature/*", ["feature/a", "feature/"], ["feature/a/b", "feature", "x/feature/a"]),
        ("feature/**", ["feature/a", "feature/a/b"], ["feature"]),
        ("**/wip", ["wip", "a/wip", "a/b/wip"], ["awip", "wip/a"]),
        ("**/*-fix", ["a-fix", "x/a-fix", "x/y/-fix"], ["x/a-fixed"]),
        ("a**z", ["az", "a/b/z", "abz"], ["a/b"]),
        ("v?.?", ["v1.2"], ["v12", "v1./"]),
        ("*", ["main"], ["a/b"]),
        ("**", ["main", "a/b", ""], []),
        ("***/a", ["x/a", "x/y/a", "/a"], ["a"]),
        ("a.b[c]", ["a.b[c]"], ["axbc", "a.bc"]),
        ("**/**/a", ["a", "b/a"], ["ba"]),
    ],
)
def test_a_pattern_matches_the_whole_name(pattern: str, yes: list[str], no: list[str]) -> None:
    assert [name for name in yes if not Glob(pattern).matches(name)] == []
    assert [name for name in no if Glob(pattern).matches(name)] == []


@given(st.text("ab/*", max_size=8), st.text("ab/", max_size=8))
def test_a_pattern_means_what_its_expression_does(pattern: str, name: str) -> None:
    import re

    meant, rest = "", pattern
    while rest:
        for token, words in (("**/", "(?:.*/)?"), ("**", ".*"), ("*", "[^/]*")):
            if rest.startswith(token):
                meant, rest = meant + words, rest[len(token) :]
                break
        else:
            meant, rest = meant + re.escape(rest[0]), rest[1:]
    if "***" not in pattern:
        assert Glob(pattern).matches(name) == bool(re.fullmatch(meant, name))


def test_a_hostile_pattern_takes_no_time() -> None:
    began = time.process_time()
    assert not Glob("*a**b" * 60).matches("ab" * 500 + "/")
    assert time.process_time() - began < 1


def test_later_patterns_take_away_and_tags_are_named_whole() -> None:
    patterns = ["feature/**", "!feature/wip/*", "refs/tags/v*"]
    assert matches(patterns, "refs/heads/feature/a")
    assert not matches(patterns, "refs/heads/feature/wip/a")
    assert matches(patterns, "refs/tags/v1")
    assert not matches(patterns, "refs/heads/refs/tags/v1")


@pytest.mark.parametrize(
    ("policy", "ref", "text", "message", "why"),
    [
        (Policy(), MAIN, None, "", ""),
        (Policy(), "refs/tags/v1", None, "", ""),
        (Policy(), "refs/pull/7", None, "", ""),
        (Policy(policy="none"), MAIN, None, "", "nothing by itself"),
        (Policy(policy="none"), "refs/pull/7", None, "", "pull requests"),
        (Policy(policy="patterns", patterns=["main"]), MAIN, None, "", ""),
        (Policy(policy="patterns", patterns=["main"]), "refs/heads/x", None, "", "No pattern"),
        (Policy(policy="patterns", patterns=[]), MAIN, None, "", "No pattern"),
        (Policy(pull_requests=False), "refs/pull/7", None, "", "pull requests"),
        (Policy(), MAIN, None, "Tidy up [Skip Firefly]", "[skip firefly]"),
        (Policy(), MAIN, None, "Tidy up\n\n[firefly skip]", "[skip firefly]"),
        (Policy(), MAIN, None, "Let us not skip firefly", ""),
        (Policy(), MAIN, "builds: {branches: [release]}", "", "firefly.yml"),
        (Policy(), "refs/heads/release", "builds: {branches: [release]}", "", ""),
        (Policy(), "refs/pull/7", "builds: {pull_requests: false}", "", "pull requests"),
        (Policy(policy="patterns", patterns=["main"]), MAIN, "builds: {branches: [release]}", "", ""),
        (Policy(configuration="builds: {branches: [x]}"), MAIN, "port: 3000", "", ""),
        (Policy(configuration="builds: {branches: [x]}"), MAIN, None, "", "firefly.yml"),
        (Policy(configuration="builds: {branches: [x]}", forced=True), MAIN, "port: 3000", "", "firefly.yml"),
        (Policy(), MAIN, "no: [such key", "", ""),
    ],
)
async def test_why_something_is_not_built(policy: Policy, ref: str, text: str | None, message: str, why: str) -> None:
    found = refusal(policy, ref, manifest=await manifest_of(policy, text), message=message)
    assert (why in found) if why else found == ""
