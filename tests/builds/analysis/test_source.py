"""Trees that nobody vouches for: links, pipes, strange names, files without end, and texts that are dear to read."""

import os
import time
from pathlib import Path

import pytest

from firefly.builds.analysis import FolderSource, Strategy, analyse
from firefly.families.tree import LARGEST, MOST_NAMES
from firefly.testing.tree import MemoryTree


def test_a_folder_is_read_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.txt").write_bytes(b"x\xff")
    source = FolderSource(tmp_path)
    assert (source.text("a/b.txt"), source.has("a/b.txt"), source.names(), source.names("a")) == (
        "x\N{REPLACEMENT CHARACTER}", True, ("a",), ("b.txt",),
    )  # fmt: skip
    assert [source.text("a"), source.has("a"), source.text("c"), source.names("c")] == [None, False, None, ()]


def test_links_lead_nowhere(tmp_path: Path) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    (outside / "index.html").write_text("secret")
    (inside / "index.html").symlink_to(outside / "index.html")
    (inside / "docs").symlink_to(outside)
    (inside / "round").symlink_to(inside)
    source = FolderSource(inside)
    assert analyse(source).strategy is Strategy.NONE
    assert source.names("docs") == ()
    for path in ("docs/index.html", "round/index.html", "../outside/index.html", "/etc/hostname", "a\0b"):
        assert (source.text(path), source.has(path)) == (None, False)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "Dockerfile")
    (tmp_path / "index.html").touch()
    assert analyse(FolderSource(tmp_path)).strategy is Strategy.SITE


def test_what_is_too_long_is_not_read(tmp_path: Path) -> None:
    with open(tmp_path / "package.json", "wb") as file:
        file.truncate(5 << 30)
    (tmp_path / "manage.py").write_bytes(b"DJANGO_SETTINGS_MODULE" + b" " * LARGEST)
    source = FolderSource(tmp_path)
    assert (source.text("package.json"), source.has("package.json")) == (None, True)
    assert analyse(source).strategy is Strategy.NONE


def test_of_a_full_folder_and_of_strange_names_the_first_are_seen(tmp_path: Path) -> None:
    for number in range(MOST_NAMES + 50):
        (tmp_path / f"{number}.go").touch()
    assert len(FolderSource(tmp_path).names()) == MOST_NAMES
    strange = tmp_path / "strange"
    (strange / "cmd" / "$(id)").mkdir(parents=True)
    (strange / "cmd" / "$(id)" / "main.go").write_text("package main")
    (strange / "go.mod").touch()
    os.close(os.open(os.fsencode(strange) + b"/\xff\n", os.O_CREAT | os.O_WRONLY))
    assert FolderSource(strange).names() == ("cmd", "go.mod")
    assert analyse(FolderSource(strange)).strategy is Strategy.NONE


LONG = LARGEST - 100
HOSTILE = {
    "deep": {"package.json": "[" * LONG},
    "an array of a package": {"package.json": "[1]"},
    "strange types": {"package.json": '{"scripts": ["a"], "dependencies": "x", "workspaces": 3, "engines": []}'},
    "a huge number": {"package.json": '{"a": ' + "9" * LONG + "}"},
    "keys in keys": {"pyproject.toml": "a." * (LONG // 2) + "b = 1", "main.py": ""},
    "keys in keys in keys": {"pyproject.toml": "".join(f"a{n}{'.a' * 990} = 1\n" for n in range(LONG // 2000))},
    "keys below a deep table": {"pyproject.toml": f"[a{'.a' * 990}]\n" + "".join(f"b{n} = 1\n" for n in range(22000))},
    "keys with other ends of lines": {"pyproject.toml": "a" + (".a" * 999 + '."\u2028"') * (LONG // 2004) + " = 1"},
    "keys with blanks": {"pyproject.toml": "a" + " . 'a'" * (LONG // 6) + " = 1"},
    "dots": {"pyproject.toml": "a = '" + "." * LONG + "'"},
    "dots and blanks": {"pyproject.toml": "a = '" + ". " * (LONG // 2) + "'"},
    "quotes of keys": {"pyproject.toml": 'a."' + '\\".' * (LONG // 3)},
    "tables of no tables": {"Cargo.toml": "package = 1\nbin = [1]", "src/main.rs": ""},
    "a name for a shell": {"Cargo.toml": "[package]\nname = '$(id)'", "src/main.rs": ""},
    "blank lines": {"Dockerfile": "\n" * LONG},
    "blanks": {"Dockerfile": "FROM" + " " * LONG + "\n"},
    "options": {"Dockerfile": "FROM " + "--a " * (LONG // 4)},
    "lines that go on": {"Dockerfile": "FROM a" + " \\\n" * (LONG // 3)},
    "stages": {"Dockerfile": "FROM a AS a\n" * (LONG // 12)},
    "a line of a Procfile": {"Procfile": "web: " + " " * LONG + "x"},
    "launches": {"main.py": "import gradio\n" * (LONG // 14)},
    "applications": {"main.py": "a = \n" * (LONG // 5)},
    "requirements": {"requirements.txt": "a-" * (LONG // 2), "main.py": ""},
    "gems": {"Gemfile": "gem " * (LONG // 4)},
    "folders": {
        "package.json": '{"devDependencies": {"vite": "1"}}',
        "vite.config.js": "outDir: '" + "a/" * (LONG // 2),
    },
    "versions": {"main.py": "", ".python-version": "1" * LONG, ".tool-versions": "python " * (LONG // 7)},
    "poms": {"pom.xml": "<java.version>" * (LONG // 14)},
}


@pytest.mark.parametrize("files", HOSTILE.values(), ids=HOSTILE)
def test_no_text_breaks_the_analyser_or_holds_it_up(files: dict[str, str]) -> None:
    began = time.process_time()
    plan = analyse(MemoryTree(files))
    # What goes back over its input takes minutes for as much.
    assert time.process_time() - began < 5
    assert all("$(id)" not in command for command in (*plan.build, *plan.run))
