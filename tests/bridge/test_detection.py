"""What is run is found by looking, with a reason."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from firefly.bridge.detection.analyser import analyse
from firefly.bridge.detection.plan import Plan
from firefly.bridge.detection.project import ProjectFiles
from firefly.bridge.storage import Storage
from firefly.bridge.workspace import Workspace
from firefly.protocol.application import ApplicationKind
from firefly.protocol.errors import ManifestError

FASTAPI = "from fastapi import FastAPI\n\napp = FastAPI()\n"
FLASK = "from flask import Flask\nserver: Flask = Flask(__name__)\n"
STREAMLIT = "--server.port $PORT --server.address $HOST --server.headless true --server.runOnSave true"
VENV = '"$FIREFLY_BASE_PYTHON" -m venv .venv'
RUST, TARGET = '[package]\nname = "a"\n', 'CARGO_TARGET_DIR="$HOME/.cargo-target"'
ARCHIVE = '"$(ls -S target/*.jar | head -n 1)"'
SPRING = '"$(ls -S build/libs/*.jar | head -n 1)" --server.port=$PORT --server.address=$HOST'
LARAVEL = '{"require": {"laravel/framework": "^12"}}'
GEMS = 'bundle config set --global path "$HOME/.gems" && bundle install'
COMPOSER = "composer install --no-interaction"
SETTINGS = "test -e .env || { cp .env.example .env && php artisan key:generate; }"
VITE = '{"scripts":{"dev":"vite"},"devDependencies":{"vite":"7"}}'


def plan_for(workspace: Workspace, storage: Storage, files: dict[str, str]) -> Plan:
    for path, text in files.items():
        whole = workspace.root / path
        whole.parent.mkdir(parents=True, exist_ok=True)
        whole.write_text(text)
    return analyse(ProjectFiles(storage), port=3000)


@pytest.mark.parametrize(
    ("files", "kind", "command"),
    [
        ({}, "none", None),
        ({"index.html": "x"}, "static", None),
        ({"public/index.html": "x"}, "static", None),
        ({"package.json": VITE}, "server", "npm run dev -- --port $PORT --strictPort"),
        ({"package.json": VITE, "vite.config.js": "port: process.env.PORT"}, "server", "npm run dev"),
        ({"package.json": VITE.replace('"vite"}', '"vite --port 1"}')}, "server", "npm run dev"),
        ({"package.json": VITE, "pnpm-lock.yaml": ""}, "server", "npm run dev -- --port $PORT --strictPort"),
        (
            {"package.json": '{"scripts":{"dev":"vite","x":"pnpm -r x"}}', "pnpm-lock.yaml": ""},
            "server",
            "npx --yes pnpm@9 run dev --port $PORT --strictPort",
        ),
        ({"package.json": '{"scripts":{"start":"node s.js"}}'}, "server", "npm run start"),
        ({"package.json": '{"scripts":{"start":"a","dev":"next dev"}}'}, "server", "npm run dev"),
        ({"package.json": "{}", "server.js": "app.listen(1)"}, "server", "node --watch server.js"),
        ({"package.json": "{}", "index.html": "x"}, "static", None),
        ({"package.json": "not json", "index.html": "x"}, "static", None),
        ({"main.py": FASTAPI}, "server", "uvicorn main:app --host $HOST --port $PORT"),
        ({"app/main.py": FASTAPI}, "server", "uvicorn app.main:app --host $HOST --port $PORT"),
        ({"app.py": FLASK}, "server", "flask --app app:server run --debug --host $HOST --port $PORT"),
        (
            {"app/__init__.py": "import flask\ndef create_app():\n    pass\n"},
            "server",
            "flask --app app:create_app run --debug --host $HOST --port $PORT",
        ),
        ({"manage.py": "DJANGO_SETTINGS_MODULE"}, "server", "python3 manage.py runserver $HOST:$PORT"),
        (
            {"app.py": "import streamlit as st\nst.title('x')\n"},
            "server",
            f"streamlit run app.py {STREAMLIT}",
        ),
        ({"hello.py": FLASK}, "server", "flask --app hello:server run --debug --host $HOST --port $PORT"),
        ({"app.py": "import gradio as gr\n\ndemo = gr.Blocks()\ndemo.launch()\n"}, "server", "python3 app.py"),
        ({"main.py": "import playwright\nchromium.launch()\n"}, "script", "python3 main.py"),
        ({"main.py": "print(1)"}, "script", "python3 main.py"),
        ({"main.py": "import uvicorn\nuvicorn.run('x:y')"}, "server", "python3 main.py"),
        ({"Procfile": "worker: x\nweb: ./run $PORT\n", "index.html": "x"}, "server", "./run $PORT"),
        ({"firefly.yml": "dev: [a, b]\nrun: c", "package.json": VITE}, "server", "a && b"),
        ({"firefly.yml": "run: c"}, "server", "c"),
        ({"go.mod": "module a", "main.go": "package main\n"}, "server", "go run ."),
        ({"go.mod": "module a", "a.go": "package a\n", "cmd/b/main.go": "package main\n"}, "server", "go run ./cmd/b"),
        ({"go.mod": "module a", "a_test.go": "package main\n", "index.html": "x"}, "static", None),
        ({"Cargo.toml": RUST, "src/main.rs": ""}, "server", f"{TARGET} cargo run --bin a"),
        ({"Cargo.toml": RUST + '[[bin]]\nname = "b"\n'}, "server", f"{TARGET} cargo run --bin b"),
        ({"pom.xml": "<x/>"}, "server", f"mvn --batch-mode -q -DskipTests package && exec java -jar {ARCHIVE}"),
        (
            {"build.gradle": "'org.springframework.spring-boot'", "gradlew": ""},
            "server",
            f"sh gradlew --no-daemon -q build -x test && exec java -jar {SPRING}",
        ),
        ({"index.php": "", "package.json": VITE}, "server", "php -d variables_order=EGPCS -S $HOST:$PORT -t ."),
        ({"composer.json": "{}", "index.html": "x"}, "static", None),
        (
            {"composer.json": LARAVEL, "public/index.php": ""},
            "server",
            "php artisan migrate --force && exec php -d variables_order=EGPCS -S $HOST:$PORT -t public",
        ),
        ({"Gemfile": 'gem "puma"', "config.ru": "x"}, "server", "bundle exec puma -b tcp://$HOST:$PORT"),
        ({"Gemfile": 'gem "jekyll"'}, "server", "bundle exec jekyll serve --host $HOST --port $PORT"),
        (
            {"Gemfile": "gem 'rails', '~> 8'", "package.json": '{"scripts":{"build":"x"}}'},
            "server",
            "bundle exec rails db:prepare && exec bundle exec rails server -b $HOST -p $PORT -P /tmp/rails.pid",
        ),
        ({"Gemfile": 'gem "rake"', "index.html": "x"}, "static", None),
    ],
)
def test_command(workspace: Workspace, storage: Storage, files: dict[str, str], kind: str, command: str | None) -> None:
    plan = plan_for(workspace, storage, files)
    assert (plan.kind, plan.command) == (ApplicationKind(kind), command)
    assert plan.found_by


@pytest.mark.parametrize(
    ("files", "commands"),
    [
        ({"package.json": VITE}, ["npm install"]),
        ({"package.json": VITE, "package-lock.json": "{}"}, ["npm ci"]),
        ({"package.json": '{"scripts":{"dev":"x"}}'}, []),
        (
            {"main.py": FASTAPI, "requirements.txt": "fastapi"},
            [VENV, ".venv/bin/python -m pip install -r requirements.txt"],
        ),
        ({"main.py": FASTAPI}, []),
        ({"main.py": FASTAPI, "pyproject.toml": "[build-system]"}, [VENV, ".venv/bin/python -m pip install -e ."]),
        (
            {"main.py": FASTAPI, "pyproject.toml": "[project]\ndependencies = ['fastapi[standard]>=0.1', 'uvicorn']"},
            [VENV, ".venv/bin/python -m pip install 'fastapi[standard]>=0.1' uvicorn"],
        ),
        ({"main.py": FASTAPI, "pyproject.toml": "[project]\ndependencies = []"}, []),
        ({"main.py": FASTAPI, "pyproject.toml": "not toml"}, []),
        ({"main.py": "print(1)", "requirements.txt": "# nothing yet\n\n"}, []),
        ({"firefly.yml": "dev: x\ninstall: [one, two]", "package.json": VITE}, ["one", "two"]),
        ({"firefly.yml": "dev: x\ninstall: []", "package.json": VITE}, []),
        ({"index.php": "", "composer.json": "{}"}, [COMPOSER]),
        ({"composer.json": "{}"}, []),
        ({"public/index.php": "", "composer.json": LARAVEL, ".env.example": ""}, [COMPOSER, SETTINGS]),
        ({"Gemfile": "gem 'rails'", "package.json": '{"scripts":{"build":"x"}}'}, ["npm run build", GEMS]),
        ({"firefly.yml": "dev: x", "Gemfile": "gem 'rake'"}, [GEMS]),
        ({"go.mod": "module a", "main.go": "package main\n"}, []),
    ],
)
def test_install_steps(workspace: Workspace, storage: Storage, files: dict[str, str], commands: list[str]) -> None:
    assert [step.command for step in plan_for(workspace, storage, files).install] == commands


@pytest.mark.parametrize(
    ("files", "path", "restarts"),
    [
        ({"go.mod": "module a", "main.go": "package main\n"}, "count/count.go", True),
        ({"go.mod": "module a", "main.go": "package main\n"}, "notes.md", False),
        ({"Cargo.toml": RUST, "src/main.rs": ""}, "src/a/b.rs", True),
        ({"pom.xml": "<x/>"}, "web/src/main/java/A.java", True),
        ({"pom.xml": "<x/>"}, "target/generated-sources/A.java", False),
        ({"index.php": ""}, "index.php", False),
        ({"Gemfile": "gem 'rails'"}, "app/models/note.rb", False),
        ({"Gemfile": "gem 'rails'"}, "config/initializers/a.rb", True),
        ({"Gemfile": "gem 'puma'", "config.ru": ""}, "lib/count.rb", True),
    ],
)
def test_what_is_read_once_restarts(
    workspace: Workspace, storage: Storage, files: dict[str, str], path: str, restarts: bool
) -> None:
    assert plan_for(workspace, storage, files).restarts(path) is restarts


def test_a_language_that_is_not_there_is_told(
    workspace: Workspace, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    (note,) = plan_for(workspace, storage, {"go.mod": "module a", "main.go": "package main\n"}).notes
    assert "have no “go”" in note


MANAGE = "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'mysite.settings')\n"


def test_django_accepts_the_preview_host(workspace: Workspace, storage: Storage, tmp_path: Path) -> None:
    plan = plan_for(workspace, storage, {"manage.py": MANAGE, "firefly.yml": "env: {A: b}"})
    assert plan.env["A"] == "b"
    (tmp_path / "mysite").mkdir()
    own = tmp_path / "mysite/settings.py"
    url = {"FIREFLY_PREVIEW_URL": "https://garden--ada.example.net"}
    for given, hosts in (
        ("DEBUG = True\nALLOWED_HOSTS = []", [".localhost", "127.0.0.1", "[::1]", "garden--ada.example.net"]),
        ("DEBUG = True\nALLOWED_HOSTS = ['a.example']", ["a.example", "garden--ada.example.net"]),
        ("DEBUG = False\nALLOWED_HOSTS = ['a.example']", ["a.example"]),
    ):
        own.write_text(given + "\nNAME = 'kept'\nCSRF_TRUSTED_ORIGINS = ['https://a.example']\n")
        code = "import json, firefly_django as s; print(json.dumps([s.NAME, s.ALLOWED_HOSTS, s.CSRF_TRUSTED_ORIGINS]))"
        done = subprocess.run(
            [sys.executable, "-B", "-c", code], cwd=tmp_path, env={**plan.env, **url}, capture_output=True, check=True
        )
        trusted = ["https://a.example"] + (["https://garden--ada.example.net"] if len(hosts) > 1 else [])
        assert json.loads(done.stdout) == ["kept", hosts, trusted]


def test_the_manifest_sets_port_variables_and_injection(workspace: Workspace, storage: Storage) -> None:
    text = "port: 8080\nenv: {A: b}\npreview: {inject: false}\nwatch: {restart: ['server/**']}\nimage: node"
    plan = plan_for(workspace, storage, {"firefly.yml": text, "index.html": "x"})
    assert (plan.port, plan.env, plan.inject, plan.restart_on) == (8080, {"A": "b"}, False, ("server/**",))
    assert plan.notes == ("firefly.yml: only what is built heeds image.",)


def test_a_wrong_manifest_is_an_error_with_its_line(workspace: Workspace, storage: Storage) -> None:
    with pytest.raises(ManifestError, match="line 2"):
        plan_for(workspace, storage, {"firefly.yml": "dev: x\nprot: 1", "index.html": "x"})


def test_files_outside_are_not_looked_at(workspace: Workspace, storage: Storage, tmp_path: Path) -> None:
    (tmp_path / "outside.json").write_text(VITE)
    (workspace.root / "package.json").symlink_to(tmp_path / "outside.json")
    assert plan_for(workspace, storage, {}).kind is ApplicationKind.NONE


def test_what_does_nothing_is_named(workspace: Workspace, storage: Storage) -> None:
    files = {
        "firefly.yml": "dev: x\nimage: node\nidle: {stop: 1h}\npreview: {access: public}",
        ".stage1.yml": "image: node",
    }
    assert plan_for(workspace, storage, files).notes == (
        "firefly.yml: only what is built heeds image, preview.access.",
        ".stage1.yml is not read, since there is a firefly.yml.",
    )


GLITCH = """{
\t"install": {"include": ["^locked\\\\.txt$", "^requirements", "^missing$"], "exclude": ["^package"]},
\t"restart": {"exclude": ["^public/"], "include": ["\\\\.sql$", "[?*+|)]*\\\\.(js|jsx|ts|tsx|json|css)$"]},
\t"throttle": 1500
}"""


def test_watch_json_says_what_installs_and_restarts(workspace: Workspace, storage: Storage) -> None:
    files = {"main.py": FASTAPI, "requirements.txt": "fastapi", "locked.txt": "x", "watch.json": GLITCH}
    plan = plan_for(workspace, storage, files)
    assert (plan.throttle, plan.notes) == (1.5, ())
    assert plan.install[1].inputs == ("requirements.txt", "locked.txt")
    changed = ("deep/a.sql", "b.js", "main.py", "public/b.js", "readme.md")
    assert [path for path in changed if plan.restarts(path)] == ["deep/a.sql", "b.js", "main.py"]
    # What firefly.yml says of it counts, and alone.
    plan = plan_for(workspace, storage, {**files, "firefly.yml": "watch: {restart: ['*.txt']}"})
    assert (plan.throttle, plan.restarts("a.sql"), plan.restarts("a.txt")) == (0.1, False, True)
    assert plan.notes == ("watch.json is not read, since there is a `watch` in firefly.yml.",)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{\n "restart": {"includes": []}}', "line 2: the key restart.includes is not known"),
        ('{\n "restart":\n {"include": ["(a"]}}', r"line 3: restart.include: \(a is no regular expression"),
        ('{"install": {"include": ["(a+)+$"]}}', "line 1: install.include: an expression has"),
        ('{"install": {"include": [".*.*.*x"]}}', "line 1: install.include: an expression has"),
        (r'{"install": {"include": ["(?:\\w+|\\\\)*$"]}}', "line 1: install.include: an expression has"),
        ('{"install": {"include": ["(?x)(a+) *$"]}}', "line 1: install.include: an expression has"),
        (r'{"install": {"include": ["\\\\*\\\\*\\\\*$"]}}', "line 1: install.include: an expression has"),
        (f'{{"install": {{"include": ["{"a?" * 40}$"]}}}}', "line 1: install.include: an expression may be read"),
        (f'{{"install": {{"include": ["{"(a|a)" * 30}$"]}}}}', "line 1: install.include: an expression may be read"),
        ('{\n"throttle": "soon"}', "line 2: throttle: "),
        ("{", "line 1: "),
        ("[]", "line 1: the file is a list of keys"),
    ],
)
def test_a_wrong_watch_json_is_an_error_with_its_line(
    workspace: Workspace, storage: Storage, text: str, sentence: str
) -> None:
    with pytest.raises(ManifestError, match=f"^watch.json, {sentence}"):
        plan_for(workspace, storage, {"index.html": "x", "watch.json": text})


def test_the_old_configuration_is_read_where_there_is_no_other(workspace: Workspace, storage: Storage) -> None:
    text = "env: [A=b]\nurls: [admin]\nbuild: [make ready]\nrun: [./serve]\nscript: [x]"
    plan = plan_for(workspace, storage, {".stage1.yml": text, "main.py": FASTAPI, "requirements.txt": "fastapi"})
    assert (plan.command, plan.found_by, plan.env) == ("./serve", ".stage1.yml has run", {"A": "b"})
    assert [(step.command, step.inputs) for step in plan.install] == [
        ("make ready", ("requirements.txt", ".stage1.yml"))
    ]
    assert plan.restart_on == (".stage1.yml",)
    assert plan.notes == (".stage1.yml, line 5: script is not acted on any longer: say it in build.",)


def test_what_watch_install_names_makes_it_install_again(workspace: Workspace, storage: Storage) -> None:
    files = {"main.py": FASTAPI, "requirements.txt": "fastapi", "locked.txt": "x",
             "firefly.yml": "watch: {install: [locked.txt, missing.txt]}"}  # fmt: skip
    environment, packages = plan_for(workspace, storage, files).install
    assert environment.inputs == ()
    assert packages.inputs == ("requirements.txt", "locked.txt")


def test_what_restarts_a_server_is_added_to_by_the_manifest(workspace: Workspace, storage: Storage) -> None:
    plan = plan_for(workspace, storage, {"main.py": FASTAPI, "firefly.yml": "watch: {restart: ['*.sql']}"})
    assert plan.restart_on == ("*.py", "*.sql")
