"""The grammar of host labels, both ways."""

from dataclasses import replace

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from firefly import hostnames
from firefly.errors import InvalidInput
from firefly.hostnames import (
    BranchLabel,
    BuildLabel,
    ChannelLabel,
    EnvironmentLabel,
    ExtraLabel,
    Label,
    MemberLabel,
    PullRequestLabel,
    WorkspaceLabel,
)
from firefly.names import check_alias, is_name

# Of both kinds: any names at all, and those that look like something else.
tricky = st.sampled_from(
    [
        "a",
        "ab",
        "me",
        "pr",
        "pr-1",
        "build-2",
        "live",
        "staging",
        "3000",
        "80",
        "main",
        "a-123456",
        "ab-fb8e20",
        "x-0123456789abcdef",
        "me-ann",
        "a" * 39,
        "b" * 22 + "-0123456789abcdef",
    ]
)
words = st.from_regex(r"[a-z0-9](?:-?[a-z0-9]){0,38}", fullmatch=True).filter(is_name)
names = words | tricky
prefixes = st.from_regex(r"[a-z0-9]{1,20}", fullmatch=True)
branches = names | st.text(min_size=1, max_size=80) | st.sampled_from(["feature/a", "feature.a", "Feature-a", "日本"])
numbers = st.integers(1, 9_999_999_999)
labels: st.SearchStrategy[Label] = st.one_of(
    st.builds(WorkspaceLabel, names, names, st.none() | st.integers(1, 65535)),
    st.builds(MemberLabel, names, names, names, st.none() | st.integers(1, 65535)),
    st.builds(BranchLabel, branches, names, names),
    st.builds(PullRequestLabel, numbers, names, names),
    st.builds(BuildLabel, numbers, names, names),
    st.builds(ExtraLabel, names, branches, names, names),
    st.builds(ChannelLabel, st.sampled_from(["staging", "production"]), names, names),
    st.builds(EnvironmentLabel, prefixes, names),
)


@given(labels)
def test_every_label_is_a_dns_label(label: Label) -> None:
    text = hostnames.format(label)
    assert 1 <= len(text) <= 63
    assert text.isascii()
    assert not text.startswith("-")
    assert not text.endswith("-")
    assert text == text.lower()
    assert text.replace("-", "").isalnum()
    assert not text.startswith("xn--")


@given(labels)
def test_what_is_read_is_what_was_written_or_nothing(label: Label) -> None:
    assert hostnames.parse(hostnames.format(label)) in (label, None)


@given(st.from_regex(r"[a-z0-9-]{1,70}", fullmatch=True) | st.text(max_size=70))
def test_what_can_be_read_is_written_the_same_way(text: str) -> None:
    label = hostnames.parse(text)
    assert label is None or hostnames.format(label) == text


@given(labels, labels)
@example(WorkspaceLabel("ab", "x"), WorkspaceLabel("ab-fb8e20", "x"))
@example(BranchLabel("3000", "a", "b"), WorkspaceLabel("a", "b", 3000))
@example(BranchLabel("pr-1", "a", "b"), PullRequestLabel(1, "a", "b"))
@example(BranchLabel("build-1", "a", "b"), BuildLabel(1, "a", "b"))
@example(BranchLabel("me-ann", "a", "b"), MemberLabel("ann", "a", "b"))
@example(BranchLabel("me-ann", "a", "b"), MemberLabel("ann-960307", "a", "b"))
@example(ExtraLabel("3000", "me-ann", "a", "b"), MemberLabel("ann", "a", "b", 3000))
@example(BranchLabel("live", "a", "b"), ChannelLabel("production", "a", "b"))
@example(BranchLabel("feature/a", "a", "b"), BranchLabel("feature.a", "a", "b"))
@example(BranchLabel("feature/a", "a", "b"), BranchLabel("feature-a", "a", "b"))
@example(BranchLabel("Main", "a", "b"), BranchLabel("main", "a", "b"))
def test_two_names_never_share_a_label(one: Label, other: Label) -> None:
    assume(one != other)
    assert hostnames.format(one) != hostnames.format(other)


@given(names, names, st.integers(1, 65535))
def test_labels_of_ports_derive_from_the_workspaces(name: str, owner: str, port: int) -> None:
    for label in (WorkspaceLabel(name, owner), MemberLabel(owner, name, owner)):
        base = hostnames.format(label)
        assert hostnames.port_of(hostnames.format(replace(label, port=port))) == (port, base)


@pytest.mark.parametrize(
    ("label", "text"),
    [
        (WorkspaceLabel("shop", "ann"), "shop--ann"),
        (WorkspaceLabel("shop", "ann", 5173), "5173--shop--ann"),
        (MemberLabel("bob", "shop", "ann"), "me-bob--shop--ann"),
        (MemberLabel("bob", "shop", "ann", 5173), "5173--me-bob--shop--ann"),
        (BranchLabel("main", "shop", "ann"), "main--shop--ann"),
        (PullRequestLabel(7, "shop", "ann"), "pr-7--shop--ann"),
        (BuildLabel(12, "shop", "ann"), "build-12--shop--ann"),
        (ExtraLabel("admin", "main", "shop", "ann"), "admin--main--shop--ann"),
        (ChannelLabel("staging", "shop", "ann"), "staging--shop--ann"),
        (ChannelLabel("production", "shop", "ann"), "live--shop--ann"),
        (EnvironmentLabel("web", "demo-1"), "web-demo-1"),
    ],
)
def test_the_labels_of_the_contract(label: Label, text: str) -> None:
    assert hostnames.format(label) == text
    assert hostnames.parse(text) == label


@pytest.mark.parametrize("branch", ["12", "ab", "live", "pr-1", "feature/a", "Main", "a--b", "-", "x-123456"])
def test_branches_that_are_not_their_label_are_marked(branch: str) -> None:
    part = hostnames.format(BranchLabel(branch, "shop", "ann")).removesuffix("--shop--ann")
    assert len(part.rpartition("-")[2]) == 6


@pytest.mark.parametrize(
    "text", ["", "-", "a", "--", "a--", "--a", "a--b--c--d--e", "a---b", "A--b", "0--a--b", "65536--a--b", "é--b"]
)
def test_what_is_no_label(text: str) -> None:
    assert hostnames.parse(text) is None


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_ports_that_are_none(port: int) -> None:
    with pytest.raises(InvalidInput):
        hostnames.format(WorkspaceLabel("a", "b", port))


def test_a_hostile_name_costs_no_time() -> None:
    assert hostnames.parse("a-" * 31 + "!") is None


@given(names, names, st.integers(1, 65535))
def test_no_alias_is_a_label_that_is_given_out(name: str, owner: str, port: int) -> None:
    for label in (
        WorkspaceLabel(name, owner),
        WorkspaceLabel(name, owner, port),
        MemberLabel(owner, name, owner),
        BranchLabel(name, name, owner),
        BuildLabel(port, name, owner),
        ChannelLabel("production", name, owner),
    ):
        with pytest.raises(InvalidInput):
            check_alias(hostnames.format(label))


def test_a_long_name_that_was_cut_is_no_alias() -> None:
    label = hostnames.format(WorkspaceLabel("n" * 39, "o" * 39))
    assert "--" not in label
    with pytest.raises(InvalidInput):
        check_alias(label)
    with pytest.raises(InvalidInput, match="reserved"):
        check_alias(f"short-{'0' * 16}")
