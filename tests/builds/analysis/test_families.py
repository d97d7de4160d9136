"""What each family of projects is recognised by, and what is done with it."""

import json

import pytest

from firefly.builds.analysis import Cache, Part, Plan, Strategy, analyse
from firefly.testing.tree import MemoryTree

RUST = '[package]\nname = "shop"\n'
CLASSES = "composer dump-autoload --no-interaction --optimize"
DJANGO = "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n"


def package(*dependencies: str, **scripts: str) -> str:
    return json.dumps({"dependencies": dict.fromkeys(dependencies, "*"), "scripts": scripts})


def composer(*packages: str) -> str:
    return json.dumps({"require": dict.fromkeys(packages, "*")})


def look(files: dict[str, str]) -> Plan:
    return analyse(MemoryTree(files))


@pytest.mark.parametrize(
    ("family", "files", "run"),
    [
        ("Next.js", {"package.json": package("next", build="next build", start="next start")}, ("npm run start",)),
        ("Next.js", {"package.json": package("next")}, ("node_modules/.bin/next start -H $HOST -p $PORT",)),
        ("Nuxt", {"package.json": package("nuxt", build="nuxt build")}, ("node .output/server/index.mjs",)),
        ("SvelteKit", {"package.json": package("@sveltejs/kit", "@sveltejs/adapter-node", "vite")}, ("node build",)),
        ("Astro", {"package.json": package("astro", "@astrojs/node")}, ("node ./dist/server/entry.mjs",)),
        ("Express", {"package.json": package("express", start="node server.js")}, ("npm run start",)),
        ("Express", {"package.json": package("express", "vite", start="vite-node x.ts")}, ("npm run start",)),
        ("Node", {"package.json": package(), "server.js": "http.createServer(f).listen(1)"}, ("node server.js",)),
        (
            "Django",
            {"manage.py": DJANGO, "requirements.txt": "Django\ngunicorn\n"},
            (".venv/bin/python3 manage.py migrate --noinput", ".venv/bin/gunicorn shop.wsgi --bind $HOST:$PORT"),
        ),
        (
            "Django",
            {"manage.py": DJANGO},
            ("python3 manage.py migrate --noinput", "python3 manage.py runserver --noreload $HOST:$PORT"),
        ),
        (
            "FastAPI",
            {"app/main.py": "api = FastAPI()\n", "requirements.txt": "fastapi[standard]"},
            (".venv/bin/uvicorn app.main:api --host $HOST --port $PORT",),
        ),
        (
            "Flask",
            {"app.py": "import flask\ndef create_app(): ...\n", "requirements.txt": "flask\nGunicorn==20"},
            (".venv/bin/gunicorn 'app:create_app()' --bind $HOST:$PORT",),
        ),
        (
            "Streamlit",
            {"app.py": "import streamlit as st\n", "requirements.txt": "streamlit"},
            (".venv/bin/streamlit run app.py --server.port $PORT --server.address $HOST --server.headless true",),
        ),
        ("Python", {"main.py": "import gradio\ngradio.Interface().launch()\n"}, ("python3 main.py",)),
        ("PHP", {"index.php": "<?php"}, ("php -d variables_order=EGPCS -S $HOST:$PORT -t .",)),
        (
            "Laravel",
            {"composer.json": composer("laravel/framework"), "public/index.php": "<?php"},
            ("php artisan migrate --force", "php -d variables_order=EGPCS -S $HOST:$PORT -t public"),
        ),
        (
            "Rails",
            {"Gemfile": 'gem "rails"\ngem "pg"\n', "Gemfile.lock": ""},
            ("bundle exec rails db:prepare", "bundle exec rails server -b $HOST -p $PORT -P /tmp/rails.pid"),
        ),
        ("Rack", {"Gemfile": "gem 'puma'", "config.ru": ""}, ("bundle exec puma -b tcp://$HOST:$PORT",)),
        ("Go", {"go.mod": "module x\n", "main.go": "package main\n"}, ("./bin/app",)),
        ("Go", {"go.mod": "module x\n", "lib.go": "package x", "cmd/web/main.go": "package main\n"}, ("./bin/app",)),
        ("Rust", {"Cargo.toml": '[package]\nname = "shop"\n', "src/main.rs": ""}, ("./target/release/shop",)),
        (
            "Spring Boot",
            {"pom.xml": "<a>spring-boot-starter-web</a>"},
            ('java -jar "$(ls -S target/*.jar | head -n 1)" --server.port=$PORT --server.address=$HOST',),
        ),
        ("Java", {"build.gradle.kts": ""}, ('java -jar "$(ls -S build/libs/*.jar | head -n 1)"',)),
    ],
)
def test_what_runs(family: str, files: dict[str, str], run: tuple[str, ...]) -> None:
    plan = look(files)
    assert (plan.strategy, plan.family, plan.run) == (Strategy.COMMANDS, family, run)


@pytest.mark.parametrize(
    ("family", "files", "folder"),
    [
        ("Vite", {"package.json": package("vite", dev="vite", build="vite build")}, "dist"),
        ("Vite", {"package.json": package("vite"), "vite.config.ts": "build: { outDir: './www/out' }"}, "www/out"),
        ("Vite", {"package.json": package("vite"), "vite.config.ts": "build: { outDir: '../../etc' }"}, "dist"),
        ("Vite", {"package.json": package("vite", start="vite preview")}, "dist"),
        ("Astro", {"package.json": package("astro", build="astro build")}, "dist"),
        ("Next.js", {"package.json": package("next"), "next.config.mjs": "export default { output: 'export' }"}, "out"),
        ("SvelteKit", {"package.json": package("@sveltejs/kit", "@sveltejs/adapter-static", "vite")}, "build"),
        ("Create React App", {"package.json": package("react-scripts", start="react-scripts start")}, "build"),
        ("Jekyll", {"Gemfile": "gem 'jekyll'"}, "_site"),
        ("MkDocs", {"mkdocs.yml": "", "requirements.txt": "mkdocs"}, "site"),
        ("Hugo", {"hugo.toml": ""}, "public"),
        ("static", {"index.html": ""}, ""),
        ("static", {"docs/index.html": ""}, "docs"),
    ],
)
def test_what_is_only_shown(family: str, files: dict[str, str], folder: str) -> None:
    plan = look(files)
    assert (plan.strategy, plan.family, plan.folder, plan.run) == (Strategy.SITE, family, folder, ())


@pytest.mark.parametrize(
    ("files", "install"),
    [
        ({"package.json": package("a"), "package-lock.json": ""}, "npm ci"),
        (
            {"package.json": package("a"), "yarn.lock": ""},
            "npx --yes yarn@1 install --frozen-lockfile --production=false",
        ),
        (
            {"package.json": package("a"), "yarn.lock": "", ".yarnrc.yml": ""},
            "YARN_NODE_LINKER=node-modules npx --yes --package=@yarnpkg/cli-dist@4 yarn install --immutable",
        ),
        (
            {"package.json": package("a"), "pnpm-lock.yaml": "lockfileVersion: '6.0'\n"},
            "npx --yes pnpm@8 install --frozen-lockfile --prod=false",
        ),
        ({"package.json": package("a"), "bun.lock": ""}, "npx --yes bun@1 install --frozen-lockfile"),
        ({"package.json": package("a")}, "npm install"),
        ({"pyproject.toml": "", "uv.lock": ""}, ".venv/bin/uv sync --frozen --no-dev --inexact"),
        ({"pyproject.toml": "", "poetry.lock": ""}, ".venv/bin/poetry install --only main --no-interaction"),
        ({"Pipfile": "", "Pipfile.lock": ""}, "PIPENV_VENV_IN_PROJECT=1 .venv/bin/pipenv sync"),
        ({"requirements.txt": "aiohttp"}, ".venv/bin/python3 -m pip install -r requirements.txt"),
        ({"pyproject.toml": "[build-system]"}, ".venv/bin/python3 -m pip install ."),
        ({"pyproject.toml": "[project]\ndependencies = ['a>1']"}, ".venv/bin/python3 -m pip install 'a>1'"),
    ],
)
def test_who_installs_is_known_by_the_lock_file(files: dict[str, str], install: str) -> None:
    plan = look({"server.js": "x.listen(1)", "main.py": "serve_forever()", **files})
    assert plan.install[-1] == install
    assert set(plan.caches[0].keys) == {path for path in files if path in plan.caches[0].keys} != set()


@pytest.mark.parametrize(
    ("files", "folder", "keys"),
    [
        ({"go.mod": "module x\n", "go.sum": "", "main.go": "package main\n"}, ".go-cache", ("go.mod", "go.sum")),
        ({"Cargo.toml": RUST, "Cargo.lock": "", "src/main.rs": ""}, ".cargo-cache", ("Cargo.toml", "Cargo.lock")),
        ({"pom.xml": "<project/>"}, ".m2-cache", ("pom.xml",)),
        ({"build.gradle": "", "gradle.lockfile": ""}, ".gradle-cache", ("build.gradle", "gradle.lockfile")),
    ],
)
def test_what_the_build_fetches_is_kept_by_its_lock_file(
    files: dict[str, str], folder: str, keys: tuple[str, ...]
) -> None:
    plan = look(files)
    assert plan.caches == (Cache(folder, keys, Part.BUILD),)
    assert folder in plan.build[0]


def test_gems_are_found_where_an_earlier_build_put_them() -> None:
    plan = look({"Gemfile": "gem 'puma'", "Gemfile.lock": "", "config.ru": ""})
    assert (plan.install, plan.env) == (("bundle install",), {"BUNDLE_PATH": "vendor/bundle", "RACK_ENV": "production"})
    assert plan.caches == (Cache("vendor/bundle", ("Gemfile", "Gemfile.lock")),)


def test_symfony_gets_its_database_and_its_assets() -> None:
    bundles = ("doctrine-bundle", "doctrine-migrations-bundle", "doctrine-fixtures-bundle")
    packages = ("symfony/framework-bundle", "symfony/assetic-bundle", *(f"doctrine/{name}" for name in bundles))
    plan = look({"composer.json": composer(*packages), "composer.lock": "", "app/console": "", "web/index.php": ""})
    assert plan.install[0].startswith("composer install ")
    assert plan.build == (CLASSES, "php app/console assets:install web", "php app/console assetic:dump")
    assert [command.split()[2] for command in plan.run[:-1]] == [
        "doctrine:database:create",
        "doctrine:migrations:migrate",
        "doctrine:fixtures:load",
    ]
    assert (plan.run[-1], plan.database) == ("php -d variables_order=EGPCS -S $HOST:$PORT -t web", "postgres")


def test_symfony_compiles_the_assets_that_only_a_development_finds() -> None:
    plan = look({"composer.json": composer("symfony/framework-bundle", "symfony/asset-mapper"), "bin/console": ""})
    assert plan.build[-1] == "php bin/console asset-map:compile"


@pytest.mark.parametrize(
    ("files", "word"),
    [
        ({"composer.json": composer("laravel/framework")}, "APP_KEY"),
        ({"composer.json": composer("laravel/framework"), ".env": ""}, None),
        ({"Gemfile": "gem 'rails'"}, "RAILS_MASTER_KEY"),
        ({"Gemfile": "gem 'puma'", "config.ru": ""}, None),
    ],
)
def test_keys_without_which_nothing_is_answered_are_told(files: dict[str, str], word: str | None) -> None:
    notes = look(files).notes
    assert any(word in note for note in notes) if word else notes == ()


@pytest.mark.parametrize(
    ("path", "text", "archives"),
    [
        ("pom.xml", "<packaging>war</packaging>", "target/*.war"),
        ("pom.xml", "<packaging>pom</packaging><modules><module>web</module></modules>", "*/target/*.jar"),
        ("pom.xml", "<a>war</a>", "target/*.jar"),
        ("build.gradle", "plugins {\n  id 'java'\n  id 'war'\n}", "build/libs/*.war"),
        ("build.gradle", "apply plugin: 'war'\n", "build/libs/*.war"),
        ("build.gradle.kts", "plugins {\n    war\n}", "build/libs/*.war"),
        ("build.gradle", "// no war\n" + "\n" * 100_000, "build/libs/*.jar"),
    ],
)
def test_java_starts_the_archive_that_is_built(path: str, text: str, archives: str) -> None:
    assert look({path: text}).run == (f'java -jar "$(ls -S {archives} | head -n 1)"',)


def test_django_gets_a_database_where_its_settings_name_one_and_gathers_its_files() -> None:
    settings = "DATABASES = {'default': dj_database_url.config()}\nSTATIC_ROOT = 'static'\n"
    plan = look({"manage.py": DJANGO, "shop/settings/__init__.py": settings, "requirements.txt": "django"})
    assert (plan.database, plan.build) == ("postgres", (".venv/bin/python3 manage.py collectstatic --noinput",))


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({".env.example": "APP_KEY=\nDB_CONNECTION=pgsql\n"}, ".env.example says pgsql"),
        ({".env.example": "# DB_CONNECTION=mysql\nDB_CONNECTION='mysql'\n"}, ".env.example says mysql"),
        ({"config/database.php": "'default' => env('DB_CONNECTION', 'pgsql'),"}, "config/database.php says pgsql"),
        ({".env.example": "DB_CONNECTION=sqlite", "config/database.php": "'default'=>env('DB_CONNECTION','x')"}, ""),
        ({"config/database.php": "'default' => 'sqlite'"}, ""),
        ({".env.example": "DB_CONNECTION=mysql", "firefly.yml": "database: none"}, ""),
    ],
)  # fmt: skip
def test_laravel_gets_a_database_unless_it_says_sqlite_or_none(files: dict[str, str], why: str) -> None:
    plan = look({"composer.json": composer("laravel/framework"), ".env": "", "public/index.php": "", **files})
    assert (plan.database, plan.why.get("database", "")) == ("postgres" if why else None, why)
    assert ("php artisan migrate --force" in plan.run[:2], plan.run[0].startswith("test -z")) == (
        True, bool(why) or "firefly.yml" in files
    )  # fmt: skip
    assert any("database: none" in note for note in plan.notes) is ("mysql" in files.get(".env.example", ""))


def test_symfony_of_old_begins_with_app_php() -> None:
    files = {"composer.json": composer("symfony/symfony"), "app/console": "", "web/app.php": "<?php"}
    plan = look(files)
    assert plan.run == ("ln -sf app.php web/index.php", "php -d variables_order=EGPCS -S $HOST:$PORT -t web")
    assert (plan.build, plan.env) == (
        (CLASSES, "php app/console assets:install web"),
        {"PHP_CLI_SERVER_WORKERS": "4", "APP_ENV": "prod", "SYMFONY_ENV": "prod"},
    )
    assert look({**files, "web/index.php": "<?php"}).run == ("php -d variables_order=EGPCS -S $HOST:$PORT -t web",)


@pytest.mark.parametrize(
    ("named", "called"),
    [("pnpm@10.4.1+sha512.ab", "pnpm@10.4.1"), ("pnpm@9; rm -rf /", "pnpm@9"), ("yarn@4.1.0", "pnpm@9"), (7, "pnpm@9")],
)
def test_a_package_manager_has_the_version_that_the_project_names(named: object, called: str) -> None:
    files = {"package.json": json.dumps({"packageManager": named, "dependencies": {"a": "1"}}), "server.js": ".listen("}
    install = look({**files, "pnpm-lock.yaml": "lockfileVersion: '9.0'"}).install
    assert install == (f"npx --yes {called} install --frozen-lockfile --prod=false",)


def test_scripts_are_run_by_the_manager_that_they_call_else_by_npm() -> None:
    scripts = {"scripts": {"start": "node a", "build": "yarn make"}}
    plan = look({"package.json": json.dumps(scripts), "yarn.lock": ""})
    assert (plan.build, plan.run) == (("npx --yes yarn@1 run build",), ("npx --yes yarn@1 run start",))
    assert look({"package.json": package("a", build="tsc", start="node a"), "yarn.lock": ""}).build == (
        "npm run build",
    )


def test_pages_of_another_family_are_made_by_node() -> None:
    files = {"manage.py": DJANGO, "requirements.txt": "django", "package.json": package("vite", build="vite build")}
    plan = look({**files, "package-lock.json": "", ".nvmrc": "v22\n", ".python-version": "3.12"})
    assert (plan.family, plan.install[0], plan.build) == ("Django", "npm ci", ("npm run build",))
    assert [cache.folder for cache in plan.caches] == ["node_modules", ".venv"]
    assert plan.versions == {"python": "3.12", "node": "22"}


@pytest.mark.parametrize(
    ("files", "versions"),
    [
        ({"package.json": json.dumps({"engines": {"node": ">=20"}}), "server.js": "a.listen()"}, {"node": ">=20"}),
        ({"main.py": "", "pyproject.toml": "[project]\nrequires-python = '>=3.11'"}, {"python": ">=3.11"}),
        ({"main.py": "", "runtime.txt": "python-3.12.1"}, {"python": "3.12.1"}),
        ({"main.py": "", ".tool-versions": "nodejs 22\npython 3.13.0\n"}, {"python": "3.13.0"}),
        ({"config.ru": "", "Gemfile": "ruby '3.3.0'\n"}, {"ruby": "3.3.0"}),
        ({"go.mod": "module x\n\ngo 1.23\n", "main.go": "package main"}, {"go": "1.23"}),
        ({"pom.xml": "<java.version>21</java.version>"}, {"java": "21"}),
        ({"go.mod": "module x\ngo 1.19\n", "main.go": "package main", ".go-version": "1.22.1\n"}, {"go": "1.22.1"}),
        ({"Cargo.toml": RUST, "src/main.rs": "", "rust-toolchain": "[toolchain]\nchannel = '1.70'"}, {"rust": "1.70"}),
        ({"Cargo.toml": f"{RUST}rust-version = '1.63'\n", "src/main.rs": ""}, {"rust": "1.63"}),
        ({"index.php": "", "composer.json": '{"require": {"php": "^8.1"}}'}, {"php": "^8.1"}),
        ({"index.php": "", "composer.json": '{"config": {"platform": {"php": "8.2.1"}}}'}, {"php": "8.2.1"}),
        ({"config.ru": "", "Gemfile": "ruby '3.3'", ".ruby-version": "ruby-3.2.2\n"}, {"ruby": "3.2.2"}),
        ({"main.py": "", ".python-version": "3.12;id"}, {}),
        ({"main.py": "", ".python-version": "$(id)"}, {}),
    ],
)
def test_versions_that_are_asked_for(files: dict[str, str], versions: dict[str, str]) -> None:
    plan = look(files)
    assert (plan.versions, "versions" in plan.why) == (versions, bool(versions))


@pytest.mark.parametrize(
    ("text", "port", "notes"),
    [
        ("FROM a\nEXPOSE 8080/tcp\nCMD x", 8080, 0),
        ("FROM a AS base\nEXPOSE 1\nCMD x\nFROM scratch\nFROM base\nexpose \\\n  # which\n  81\n", 81, 0),
        ("FROM a AS base\nEXPOSE 82\nFROM base\nENTRYPOINT x", 82, 0),
        ("FROM a AS base\nEXPOSE 82\nFROM b\nENTRYPOINT x", None, 0),
        ("FROM a\nEXPOSE 99999\nEXPOSE 53/udp\n", None, 1),
        ("RUN x", None, 1),
    ],
)
def test_what_a_dockerfile_tells(text: str, port: int | None, notes: int) -> None:
    plan = look({"Dockerfile": text, "package.json": package("next")})
    assert (plan.strategy, plan.port, len(plan.notes)) == (Strategy.DOCKERFILE, port, notes)


def test_a_script_that_serves_nothing_is_told() -> None:
    assert "main.py does not look like a server" in look({"main.py": "print(1)"}).notes[0]


def test_nothing_that_is_known_is_said() -> None:
    plan = look({"README": "", "lib.go": "package x", "go.mod": ""})
    assert plan.strategy is Strategy.NONE
    assert "firefly.yml" in plan.notes[0]
