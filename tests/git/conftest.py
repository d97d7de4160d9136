"""Repositories in a temporary folder."""

from pathlib import Path

import pytest

from firefly.git import Git, Repositories


@pytest.fixture
def tool(tmp_path: Path) -> Git:
    home = tmp_path / "home"
    home.mkdir()
    return Git(home)


@pytest.fixture
def repositories(tmp_path: Path, tool: Git) -> Repositories:
    return Repositories(tmp_path / "repositories", tool)
