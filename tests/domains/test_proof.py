"""Looking records up at a real DNS server: what is there, what is not, and what nobody can say."""

from collections.abc import AsyncIterator

import pytest

from firefly.domains import DnsTexts
from firefly.domains.proof import Finding
from tests.support.names import LocalNames, local_names

NAME = "_firefly.www.example.org"


@pytest.fixture
async def names() -> AsyncIterator[LocalNames]:
    async with local_names() as running:
        yield running


async def test_the_record_is_found_among_others(names: LocalNames) -> None:
    names.texts[NAME] = ["v=spf1 -all", "the token", "x" * 600]
    looked = await DnsTexts([names.server]).look(NAME)
    assert looked.texts == {"v=spf1 -all", "the token", "x" * 600}
    assert looked.has("the token") is Finding.THERE
    assert looked.has("another") is Finding.ABSENT
    assert "something else" in looked.reason
    assert names.asked == [f"TXT {NAME}"]


async def test_a_name_that_does_not_exist(names: LocalNames) -> None:
    looked = await DnsTexts([names.server]).look(NAME)
    assert looked.has("the token") is Finding.ABSENT
    assert "NXDOMAIN" in looked.reason


async def test_a_name_without_such_a_record(names: LocalNames) -> None:
    names.empty.add(NAME)
    looked = await DnsTexts([names.server]).look(NAME)
    assert looked.has("the token") is Finding.ABSENT
    assert looked.reason == f"The DNS has no TXT record at {NAME}."


async def test_a_server_that_fails_proves_nothing(names: LocalNames) -> None:
    names.broken.add(NAME)
    looked = await DnsTexts([names.server]).look(NAME)
    assert looked.has("the token") is Finding.UNKNOWN
    assert "SERVFAIL" in looked.reason


async def test_a_server_that_is_silent_is_not_waited_for_for_long(names: LocalNames) -> None:
    names.silent.add(NAME)
    looked = await DnsTexts([names.server], limit=0.3).look(NAME)
    assert looked.has("the token") is Finding.UNKNOWN
    assert "within 0.3 s" in looked.reason


async def test_the_second_server_is_asked_where_the_first_fails(names: LocalNames) -> None:
    async with local_names() as second:
        names.broken.add(NAME)
        second.texts[NAME] = ["the token"]
        looked = await DnsTexts([names.server, second.server]).look(NAME)
    assert looked.has("the token") is Finding.THERE


async def test_what_is_no_name_is_told_and_raises_nothing(names: LocalNames) -> None:
    looked = await DnsTexts([names.server]).look("a." * 200)
    assert looked.has("the token") is Finding.UNKNOWN
    assert looked.reason
