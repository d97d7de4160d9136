"""Which configuration counts, what it replaces, and that everything has its reason."""

import pytest

from firefly.builds.analysis import Plan, Strategy, analyse
from firefly.errors import InvalidInput
from firefly.protocol.errors import ManifestError
from firefly.protocol.manifest import Manifest
from firefly.testing.tree import MemoryTree

PARTS = ("versions", "install", "build", "test", "run", "port", "database", "env", "caches", "dockerfile")
EXPRESS = {"package.json": '{"dependencies": {"express": "*"}, "scripts": {"start": "node a", "build": "tsc"}}'}
PAGES = {"index.html": ""}
BY_NPM = ("npm install", "npm run build", "npm run start")


def look(files: dict[str, str], stored: Manifest | None = None, *, forced: bool = False) -> Plan:
    return analyse(MemoryTree(files), stored, forced=forced)


def reasons_are_whole(plan: Plan) -> bool:
    return all(bool(getattr(plan, part)) == bool(plan.why.get(part)) for part in PARTS)


@pytest.mark.parametrize(
    "files",
    [
        {"firefly.yml": "build: make\nenv: {A: b}\nport: 1\ntest: make check\ndatabase: postgres", **EXPRESS},
        {"firefly.yml": "dockerfile: {path: x/Dockerfile}", "x/Dockerfile": "FROM a\nEXPOSE 80\nCMD b"},
        {"Procfile": "web: ./serve\nrelease: ./prepare", **PAGES},
        {".stage1.yml": "image: stage1/symfony2\nenv: [A=b]\nbuild: make\nrun: serve"},
        {"go.mod": "go 1.2", "main.go": "package main"},
        {"Cargo.toml": "[package]\nname='a'", "src/main.rs": "", "Cargo.lock": ""},
        {"composer.json": '{"require": {"symfony/framework-bundle": "*", "doctrine/orm": "*"}}'},
        {"Gemfile": "gem 'rails'\ngem 'pg'", "app/assets/a.css": ""},
        {"pom.xml": ""},
        EXPRESS,
        PAGES,
        {},
    ],
)
def test_each_part_of_a_plan_has_its_reason_and_nothing_else_has(files: dict[str, str]) -> None:
    plan = look(files)
    assert reasons_are_whole(plan), plan


def test_forced_comes_before_the_trees_before_stored_before_what_it_looks_like() -> None:
    mine, tree = Manifest(run=["mine"]), {"firefly.yml": "run: theirs", **EXPRESS}
    assert look(tree, mine, forced=True).run == ("mine",)
    assert look(tree, mine).run == ("theirs",)
    assert look({".build.yml": "run: old", **EXPRESS}, mine).run == ("old",)
    assert look(EXPRESS, mine).run == ("mine",)
    assert look(EXPRESS).run == ("npm run start",)


def test_it_says_which_one_that_was() -> None:
    mine = Manifest(run=["mine"])
    origins = [look(EXPRESS).configured_by, look(EXPRESS, mine).configured_by, look(EXPRESS, mine, forced=True)]
    assert origins[:2] == [None, "the project's settings"]
    both = look({"firefly.yml": "run: a", ".stage1.yml": "run: b"})
    assert (both.configured_by, both.run) == ("firefly.yml", ("a",))
    assert both.notes[0].startswith(".stage1.yml is not read")


def test_what_the_configuration_leaves_out_is_found() -> None:
    plan = look({"firefly.yml": "build: make\nurls: [admin]", **EXPRESS})
    assert (plan.install, plan.build, plan.run) == (("npm install",), ("make",), ("npm run start",))
    assert plan.configuration.urls == ["admin"]
    assert look({"firefly.yml": "install: []", **EXPRESS}).install == ()


def test_a_program_in_the_configuration_makes_a_server_of_pages_and_goes_before_a_dockerfile() -> None:
    plan = look({"firefly.yml": "run: ./serve", **PAGES})
    assert (plan.strategy, plan.folder, plan.run) == (Strategy.COMMANDS, None, ("./serve",))
    assert look({"firefly.yml": "run: ./serve", "Dockerfile": "FROM a"}).strategy is Strategy.COMMANDS
    assert look({"firefly.yml": "run: ./serve"}).notes == ()


def test_a_dockerfile_that_is_named_stays_one_whatever_runs_in_it() -> None:
    plan = look({"firefly.yml": "dockerfile: {target: app}\nrun: ./serve", "Dockerfile": "FROM a AS app\nEXPOSE 80"})
    assert (plan.strategy, plan.run, plan.port) == (Strategy.DOCKERFILE, ("./serve",), 80)


@pytest.mark.parametrize(
    ("files", "what"),
    [
        ({"Dockerfile": "FROM a"}, "Dockerfile"),
        ({"firefly.yml": "dockerfile: {path: a/b}"}, "a/b"),
        ({"firefly.yml": "image: node:22-alpine", **EXPRESS}, "The image node:22-alpine"),
        ({".stage1.yml": "image: acme/base:3", **EXPRESS}, "The image acme/base:3"),
    ],
)
def test_what_needs_an_engine_is_refused_where_there_is_none(files: dict[str, str], what: str) -> None:
    assert look(files).needs_engine
    with pytest.raises(InvalidInput, match=f"^{what} needs a container engine"):
        analyse(MemoryTree(files), engine=False)


def test_a_runtime_that_is_named_needs_none() -> None:
    files = {"firefly.yml": "image: node", "Dockerfile": "FROM a", **EXPRESS}
    assert analyse(MemoryTree(files), engine=False).run == ("npm run start",)


def test_a_procfile_says_what_runs() -> None:
    plan = look({"Procfile": "# old\nweb: ./serve  \r\nworker: ./work\nrelease: ./prepare", **EXPRESS})
    assert (plan.install, plan.run) == (("npm install",), ("./prepare", "./serve"))
    assert "worker is not run" in plan.notes[-1]


def test_the_old_configuration_is_read_as_it_was_meant() -> None:
    text = """
image: stage1/symfony2:latest
env: [SYMFONY_ENV=prod, EMPTY=]
urls: [admin]
writables: [app/cache]
build: [composer install]
run: [apache2]
script: [x]
options:
  front_controller: app.php
  memory: 512
"""
    plan = look({".stage1.yml": text, "composer.json": "{}", "web/index.php": ""})
    assert (plan.install, plan.build, plan.run) == (("composer install",), (), ("apache2",))
    assert (plan.runtime, plan.env) == ("php", {"PHP_CLI_SERVER_WORKERS": "4", "SYMFONY_ENV": "prod", "EMPTY": ""})
    assert (plan.configuration.writable, plan.configuration.urls) == (["app/cache"], ["admin"])
    assert [note.partition(", ")[2] for note in plan.notes[:3]] == [
        "line 8: script is not acted on any longer: say it in build.",
        "line 10: options.front_controller has no effect: it is for PHP's own server, and run says what is started.",
        "line 11: options.memory has no effect: it was for the server in the bases of STAGE1, which are not used.",
    ]


def test_php_begins_with_the_front_controller_that_the_old_configuration_names() -> None:
    said = {".stage1.yml": "options: {front_controller: app_demo.php}"}
    plan = look({**said, "web/app_demo.php": "", "web/index.php": ""})
    assert (plan.family, plan.run) == (
        "PHP",
        ("ln -sf app_demo.php web/index.php", "php -d variables_order=EGPCS -S $HOST:$PORT -t web"),
    )
    missing = look({**said, "web/index.php": ""})
    assert missing.run == ("php -d variables_order=EGPCS -S $HOST:$PORT -t web",)
    assert missing.notes == (".stage1.yml: options.front_controller has no effect: there is no app_demo.php.",)


@pytest.mark.parametrize(
    ("said", "path"),
    [("dockerfile: docker/app", "docker/app"), ("dockerfile: true", "Dockerfile"), ("dockerfile: {path: a}", "a")],
)
def test_the_old_configuration_names_a_dockerfile_in_three_ways(said: str, path: str) -> None:
    plan = look({".stage1.yml": said, path: "FROM a\nEXPOSE 80\nCMD b", **EXPRESS})
    assert plan.strategy is Strategy.DOCKERFILE
    assert plan.dockerfile is not None
    assert plan.dockerfile.path == path


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"firefly.yml": "biuld: x"}, "firefly.yml, line 1: the key biuld is not known"),
        ({"firefly.yml": "a: [" * 5000}, "firefly.yml, line 1: "),
        ({"firefly.yml": " " * (300 << 10)}, "firefly.yml is longer than 64 KiB"),
        ({".stage1.yml": "run: x\nports: [1]"}, ".stage1.yml, line 2: the key ports is not known"),
        ({".stage1.yml": "env: [A=b, B]"}, ".stage1.yml, line 1: env.1 is not NAME=VALUE"),
        (
            {".stage1.yml": "options: {a: 1,\n front_controller: ../x.php}"},
            ".stage1.yml, line 2: options.f",
        ),
        ({".stage1.yml": "options: [x]"}, ".stage1.yml, line 1: options is a list of names"),
        ({".build.yml": "- x"}, ".build.yml, line 1: the file is a list of keys"),
        ({".build.yml": "dockerfile: [x]"}, ".build.yml, line 1: dockerfile"),
        ({".build.yml": "dockerfile: {file: x}"}, ".build.yml, line 1: the key dockerfile.file is not known"),
        ({".build.yml": "dockerfile: {path: ../x}"}, ".build.yml, line 1: dockerfile.path: a path is relative"),
    ],
)
def test_a_wrong_configuration_is_told_with_its_line(files: dict[str, str], sentence: str) -> None:
    with pytest.raises(ManifestError) as caught:
        look({**files, **EXPRESS})
    assert str(caught.value).startswith(sentence)


def test_tests_are_run_only_when_the_project_wants_them_to_decide() -> None:
    files = {"package.json": '{"scripts": {"start": "a", "test": "vitest"}}'}
    plan = look(files)
    assert plan.test == ()
    assert "test: [npm run test]" in plan.notes[0]
    assert look({**files, "firefly.yml": "test: npm test"}).test == ("npm test",)
