"""What is passed on is read by llhttp, h11 and aiohttp's parser as the front door meant it."""

import pytest
from hypothesis import example, given, settings

from . import corpus, grammar
from .passing import misread, misread_answer, pass_back, pass_on

REQUESTS = [entry for subject in corpus.read("requests").values() for entry in subject]
ANSWERS = [entry for subject in corpus.read("answers").values() for entry in subject]


def test_no_request_of_the_corpus_is_read_otherwise() -> None:
    assert [wrong for entry in REQUESTS for wrong in misread(entry.data)] == []


def test_no_answer_of_the_corpus_is_read_otherwise() -> None:
    assert [wrong for entry in ANSWERS for wrong in misread_answer(entry.data)] == []


@given(grammar.requests(), grammar.CUTS)
def test_a_right_request_is_passed_on_and_read_alike(data: bytes, cuts: list[int]) -> None:
    passed = pass_on(data, cuts)
    assert (len(passed.onward), passed.whole, passed.refused) == (1, True, None)
    assert misread(data, cuts) == []


@given(grammar.mutated(grammar.requests()), grammar.CUTS)
@settings(max_examples=800)
def test_of_a_mutated_request_nothing_is_read_otherwise(data: bytes, cuts: list[int]) -> None:
    assert misread(data, cuts) == []


@given(grammar.mutated(grammar.requests()), grammar.CUTS)
def test_however_it_is_cut_the_same_is_passed_on(data: bytes, cuts: list[int]) -> None:
    whole, cut = pass_on(data), pass_on(data, cuts)
    assert (len(whole.onward), whole.whole, type(whole.refused)) == (len(cut.onward), cut.whole, type(cut.refused))
    if whole.refused is None:
        assert whole.onward == cut.onward


@given(grammar.answers())
def test_a_right_answer_is_passed_on_and_read_alike(data: bytes) -> None:
    assert pass_back(data) is not None
    assert misread_answer(data) == []


@given(grammar.mutated(grammar.answers()))
@settings(max_examples=800)
@example(b"HTTP/1.1 204 X\r\nContent-Length: 0\r\n\r\n")
@example(b"HTTP/1.1 304 X\r\nTransfer-Encoding: chunked\r\n\r\n")
def test_of_a_mutated_answer_nothing_is_read_otherwise(data: bytes) -> None:
    assert misread_answer(data) == []


@pytest.mark.fuzz
@pytest.mark.timeout(0)
@given(grammar.mutated(grammar.requests()), grammar.CUTS)
@settings(max_examples=30_000, derandomize=False)
def test_of_many_mutated_requests_nothing_is_read_otherwise(data: bytes, cuts: list[int]) -> None:
    assert misread(data, cuts) == []


@pytest.mark.fuzz
@pytest.mark.timeout(0)
@given(grammar.mutated(grammar.answers()))
@settings(max_examples=30_000, derandomize=False)
def test_of_many_mutated_answers_nothing_is_read_otherwise(data: bytes) -> None:
    assert misread_answer(data) == []
