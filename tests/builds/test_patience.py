"""Builds while the database is away."""

import pytest

from firefly.builds.making import patience
from firefly.builds.making.patience import patiently
from firefly.errors import DatabaseUnavailable, NotFound


async def test_it_is_tried_again_until_the_database_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[Exception | str] = [DatabaseUnavailable("It is away."), DatabaseUnavailable("It is away."), "there"]

    async def work() -> str:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(patience, "FIRST_PAUSE", 0.001)
    assert await patiently(work) == "there"
    answers.append(NotFound("Gone."))
    with pytest.raises(NotFound):
        await patiently(work)
    monkeypatch.setattr(patience, "LIMIT", 0.0)
    answers += [DatabaseUnavailable("It is away."), "too late"]
    with pytest.raises(DatabaseUnavailable):
        await patiently(work)
