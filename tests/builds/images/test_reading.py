"""What Dockerfiles have the engine itself do: found however it is written, and nothing else."""

import pytest

from firefly.builds.images.reading import fetched, readers

NEXT_LINE = "\x85"


@pytest.mark.parametrize(
    "text",
    [
        "# syntax=evil/reader\nFROM a\n",
        "\ufeff#SYNTAX = evil/reader\r\nFROM a\n",
        f"# a=b{NEXT_LINE}FROM\n# syntax=evil/reader\nFROM a\n",
        "# a=b\n" * 60 + "# syntax=evil/reader\nFROM a\n",
        "# syntax=docker/dockerfile:1\n# syntax=evil/reader\nFROM a\n",
        "#!/usr/bin/env builder\n# syntax=evil/reader\nFROM a\n",
        "//syntax=evil/reader\nFROM a\n",
        "#!/usr/bin/env builder\n// syntax=evil/reader with=more\n",
    ],
)
def test_a_reader_is_found_wherever_some_engine_finds_it(text: str) -> None:
    assert "evil/reader" in list(readers(text))


def test_json_names_a_reader_and_what_follows_the_beginning_none() -> None:
    assert list(readers('#!x\n {"syntax": "evil/reader"}')) == ["{…}"]
    assert list(readers("# escape=`\n\n# syntax=other\nFROM a\nRUN echo '# syntax=x'\n")) == []
    assert list(readers("# syntax=docker/dockerfile:1\nFROM a")) == ["docker/dockerfile:1"]


@pytest.mark.parametrize(
    "text",
    [
        "ADD http://127.0.0.1/a /a",
        "add --chown=a:b --link HTTPS://x/a /a",
        'ADD ["plain", "http://x/a", "/a"]',
        r'ADD ["\u0068ttp://x/a", "/a"]',
        "ONBUILD ADD http://x/a /a",
        "ADD git@host:a/b.git /a",
        "ADD github.com/a/b /a",
        "ADD ssh://host/a /a",
        "ARG A=http\nADD ${A}://x/a /a",
        'ADD h"tt"p://x/a /a',
        r"ADD ht\tp://x/a /a",
        "ADD \\\n  # a remark\n\n  http://x/a /a",
        "AD\\\nD http://x/a /a",
        "# escape=`\nADD `\n http://x/a /a",
        "# escape=`\nRUN echo \\\nADD http://x/a /a",
        "RUN echo `date`\nADD http://x/a /a",
        "RUN <<'E\\'\nE\\\nADD http://x/a /a",
        "RUN echo \\\\\nADD http://x/a /a",
        "ADD\vhttp://x/a\v/a",
    ],
)
def test_what_add_would_fetch_is_found_however_it_is_written(text: str) -> None:
    assert list(fetched(f"{text}\n"))


def test_files_of_the_project_are_nothing_to_fetch() -> None:
    text = (
        "FROM http/a:1\n# ADD http://x /a\nADD --chown=$U:$G app.tar.gz data $HOME/\nADD [\"a b\", \"/x\"]\n"
        "COPY $JAR /app.jar\nRUN apk \\\n    add $WANTED curl && curl http://x/ADD\nADD . /src:x\nLABEL add=http://x\n"
    )  # fmt: skip
    assert list(fetched(text)) == []
