"""Projects in PHP, Ruby, Go, Rust and Java, as somebody works on them: what is compiled lies outside of their files."""

import shutil
from collections.abc import Mapping
from dataclasses import replace

from firefly.bridge.detection import node
from firefly.bridge.detection.plan import InstallStep, Plan
from firefly.bridge.detection.project import ProjectFiles
from firefly.families import go, java, php, ruby, rust
from firefly.families.node import packages
from firefly.protocol.application import ApplicationKind

_COMPOSER = "composer install --no-interaction"
_LARAVEL = "laravel/framework"
# Git does not have them, since a key is in them.
_SETTINGS = "test -e .env || { cp .env.example .env && php artisan key:generate; }"
# In the user's own settings, so that terminals find the gems, too; the system's folder cannot be written.
_BUNDLE = 'bundle config set --global path "$HOME/.gems" && bundle install'
# Rails reads anew by itself what is not here.
_RAILS = (ruby.GEMFILE, "config/application.rb", "config/boot.rb", "config/environments/*", "config/initializers/*")


def install_steps(files: ProjectFiles) -> tuple[InstallStep, ...]:
    """Of PHP and Ruby; the others fetch what they lack when they compile."""
    return (*_of_composer(files), *_of_bundler(files))


def _of_composer(files: ProjectFiles) -> tuple[InstallStep, ...]:
    if not files.has(php.COMPOSER) or php.root(files) is None:
        return ()
    install = InstallStep("Install packages of PHP", _COMPOSER, _there(files, php.COMPOSER, php.LOCK), "vendor")
    settings = _LARAVEL in php.requires(files) and files.has(".env.example")
    return (install, InstallStep("Make its settings", _SETTINGS, (), ".env")) if settings else (install,)


def _of_bundler(files: ProjectFiles) -> tuple[InstallStep, ...]:
    if not files.has(ruby.GEMFILE):
        return ()
    return (InstallStep("Install gems", _BUNDLE, _there(files, ruby.GEMFILE, ruby.LOCK), None),)


def detect_first(files: ProjectFiles, port: int) -> Plan | None:
    """PHP and Ruby, whose package.json is there for their pages."""
    return _php(files, port) or _ruby(files, port)


def detect(files: ProjectFiles, port: int) -> Plan | None:
    return _go(files, port) or _rust(files, port) or _java(files, port)


def _php(files: ProjectFiles, port: int) -> Plan | None:
    folder = php.root(files)
    if folder is None:
        return None
    found_by = f"{folder}/{php.ENTRY} is there" if folder else f"{php.ENTRY} is there"
    before = "php artisan migrate --force && exec " if _LARAVEL in php.requires(files) else ""
    # What is changed is read anew for each request.
    return _plan(files, port, "php", f"{before}{php.serve(folder)}", found_by, (php.COMPOSER,), env=php.SERVER)


def _ruby(files: ProjectFiles, port: int) -> Plan | None:
    gems = ruby.gems(files)
    if "rails" in gems:
        command = f"bundle exec rails db:prepare && exec bundle exec {ruby.SERVER}"
        return _plan(files, port, "ruby", command, "rails is a gem of its Gemfile", _RAILS)
    if "jekyll" in gems:
        command = "bundle exec jekyll serve --host $HOST --port $PORT"
        return _plan(files, port, "ruby", command, "jekyll is a gem of its Gemfile", (ruby.GEMFILE, "_config.yml"))
    if files.has(ruby.GEMFILE) and files.has(ruby.RACK):
        command = f"bundle exec {ruby.rack(gems)}"
        return _plan(files, port, "ruby", command, f"there is a {ruby.RACK}", ("*.rb", "*.ru", ruby.GEMFILE))
    return None


def _go(files: ProjectFiles, port: int) -> Plan | None:
    if (found := go.command(files)) is None:
        return None
    package, because = found
    return _plan(files, port, "go", f"go run {package}", because, ("*.go", go.MODULE, "*.html", "*.tmpl"))


def _rust(files: ProjectFiles, port: int) -> Plan | None:
    if (name := rust.binary(files)) is None:
        return None
    command = f'CARGO_TARGET_DIR="$HOME/.cargo-target" cargo run --bin {name}'
    return _plan(files, port, "cargo", command, f"{name} is the binary of {rust.PACKAGE}", ("*.rs", rust.PACKAGE))


def _java(files: ProjectFiles, port: int) -> Plan | None:
    if (found := java.builder(files)) is None:
        return None
    options = "--batch-mode -q -DskipTests package" if found.path == java.MAVEN else "--no-daemon -q build -x test"
    # What is compiled lies beside: of its files none restarts what they are made for.
    restart_on = (found.path, "src/main/*", "*/src/main/*")
    command = f"{found.program} {options} && exec {found.run}"
    return _plan(files, port, "java", command, f"there is a {found.path}", restart_on)


def _plan(
    files: ProjectFiles, port: int, program: str, command: str, found_by: str, restart_on: tuple[str, ...],
    env: Mapping[str, str] | None = None,
) -> Plan:  # fmt: skip
    lack = f"The sandboxes of this server have no “{program}”, which an administrator installs."
    plan = Plan(
        ApplicationKind.SERVER, command, found_by, port, install=install_steps(files), env=env or {},
        restart_on=restart_on, notes=() if shutil.which(program) else (lack,),
    )  # fmt: skip
    return _with_pages(plan, files)


def _with_pages(plan: Plan, files: ProjectFiles) -> Plan:
    """What makes its pages is done before, and again when its packages change."""
    found = packages(files)
    if found is None or "build" not in found.scripts:
        return plan
    made = InstallStep("Make the pages", found.run("build"), found.inputs, None)
    return replace(plan, install=(*node.install_steps(files), made, *plan.install))


def _there(files: ProjectFiles, *paths: str) -> tuple[str, ...]:
    return tuple(path for path in paths if files.has(path))
