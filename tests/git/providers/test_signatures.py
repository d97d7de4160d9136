"""Signatures of hooks: what is taken, and what is not."""

import pytest

from firefly.git.providers import PROVIDERS
from firefly.git.providers.signatures import WINDOW, Refused, is_signed, verify
from tests.builds.hooks.payloads import sign

SECRET, NOW = "a secret that nobody guesses", 1_790_000_000.0


def lower(fields: dict[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in fields.items()}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_one_of_ours_is_told_with_its_id_and_event(provider: str) -> None:
    fields, body = sign(provider, "push", {"a": 1}, SECRET, delivery="72d3162e-cc78")
    envelope = verify(provider, lower(fields), body, SECRET, now=NOW)
    assert (envelope.delivery, envelope.event) == ("72d3162e-cc78", "push")


@pytest.mark.parametrize("provider", PROVIDERS)
def test_another_secret_another_body_and_none_at_all_are_refused(provider: str) -> None:
    fields, body = sign(provider, "push", {"a": 1}, SECRET)
    for headers, sent, secret in (
        (lower(fields), body, "another secret"),
        (lower(fields), body, ""),
        ({"x-github-event": "push"}, body, SECRET),
        (dict.fromkeys(lower(fields), "��"), body, SECRET),
    ):
        with pytest.raises(Refused):
            verify(provider, headers, sent, secret, now=NOW)
    if provider != "gitlab":  # whose token says nothing of the body
        with pytest.raises(Refused):
            verify(provider, lower(fields), body + b" ", SECRET, now=NOW)
    assert is_signed(provider, lower(fields))
    assert not is_signed(provider, {"content-type": "application/json"})


def test_the_example_that_github_publishes() -> None:
    signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    headers = {"x-hub-signature-256": signature, "x-github-event": "push"}
    assert verify("github", headers, b"Hello, World!", "It's a Secret to Everybody", now=NOW).event == "push"


def test_gitlabs_signature_has_its_time_and_stands_for_the_body() -> None:
    fields, body = sign("gitlab", "Push Hook", {"a": 1}, SECRET, at=NOW)
    assert verify("gitlab", lower(fields), body, SECRET, now=NOW + WINDOW - 1).event == "Push Hook"
    with pytest.raises(Refused):
        verify("gitlab", lower(fields), body, SECRET, now=NOW + WINDOW + 1)
    with pytest.raises(Refused):
        verify("gitlab", lower(fields), body, SECRET, now=NOW - WINDOW - 1)
    with pytest.raises(Refused):
        verify("gitlab", lower(fields) | {"x-gitlab-token": SECRET}, body + b" ", SECRET, now=NOW)
    with pytest.raises(Refused):
        verify("gitlab", lower(fields) | {"webhook-id": "another"}, body, SECRET, now=NOW)


def test_forgejos_own_signature_counts_before_giteas() -> None:
    fields, body = sign("gitea", "push", {"a": 1}, SECRET)
    assert verify("gitea", lower(fields) | {"x-forgejo-signature": fields["X-Gitea-Signature"]}, body, SECRET, now=NOW)
    with pytest.raises(Refused):
        verify("gitea", lower(fields) | {"x-forgejo-signature": "0" * 64}, body, SECRET, now=NOW)
