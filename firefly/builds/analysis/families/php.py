"""PHP: Symfony with its database and assets, Laravel, and pages with a front controller."""

import re
from dataclasses import replace

from firefly.builds.analysis.plan import Cache, Plan, Strategy
from firefly.builds.analysis.source import Source
from firefly.families import php
from firefly.families.php import COMPOSER, ENTRY

_INSTALL = "composer install --no-interaction --prefer-dist --optimize-autoloader"
# What was installed by an earlier build knows that one's classes.
_CLASSES = "composer dump-autoload --no-interaction --optimize"
_SEVERAL = "several visitors are answered at one time"
# What Symfony began with before its fourth version.
_OLD_ENTRY = "app.php"
# What is done with a database before a Symfony application starts, where it has the bundle.
_DOCTRINE = "doctrine/doctrine-bundle"
_MIGRATIONS = "doctrine/doctrine-migrations-bundle"
_FIXTURES = "doctrine/doctrine-fixtures-bundle"
# Where a Laravel application says which kind of database it uses; the first that says it counts.
_CONNECTIONS = {
    ".env.example": re.compile(r"^[ \t]*DB_CONNECTION[ \t]*=[ \t]*[\"']?(\w+)", re.MULTILINE),
    "config/database.php": re.compile(r"""['"]default['"]\s*=>\s*env\(\s*['"]DB_CONNECTION['"]\s*,\s*['"](\w+)['"]"""),
}
_POSTGRES = "pgsql"
# Laravel has named the address in two ways; the site's own goes before what secrets say of another.
_OWN = 'test -z "$PGHOST" || export DB_CONNECTION=pgsql DB_URL="$DATABASE_URL"'
_KEY = "Laravel answers nobody without a secret APP_KEY: keep what `php artisan key:generate --show` prints."


def detect(source: Source, front: str = "") -> Plan | None:
    """`front`: the script that answers every path, or its name in the folder that is shown; else it is index.php."""
    packages, folder = php.requires(source), php.root(source)
    before: tuple[str, ...] = ()
    if front and (own := php.root(source, front)) is not None:
        below, _, entry = front.rpartition("/")
        folder = "/".join(filter(None, (own, below)))
        before = _linked(folder, entry)
    plan = _kind(source, packages, folder, entered=bool(before))
    return replace(plan, run=(*before, *plan.run)) if plan and before else plan


def has_entry(source: Source, front: str) -> bool:
    return php.root(source, front) is not None


def _linked(root: str, entry: str) -> tuple[str, ...]:
    """PHP's server looks for index.php alone."""
    return () if entry == ENTRY else (f"ln -sf {entry} {root}/{ENTRY}" if root else f"ln -sf {entry} {ENTRY}",)


def _kind(source: Source, packages: frozenset[str], root: str | None, *, entered: bool) -> Plan | None:
    if "symfony/framework-bundle" in packages or "symfony/symfony" in packages:
        return _symfony(source, packages, root, entered=entered)
    if "laravel/framework" in packages:
        return _laravel(source, root or "public")
    if root is None:
        # With pages of another family beside it, a composer.json is a tool's.
        return None
    why = {"family": f"there is a {root}/index.php" if root else "there is an index.php"}
    return _plan(source, "PHP", root, why)


def _symfony(source: Source, packages: frozenset[str], root: str | None, *, entered: bool) -> Plan:
    """`entered`: the script that it begins with was named, as it is of those before the fourth version."""
    old = php.root(source, _OLD_ENTRY) if root is None else None
    before = _linked(old, _OLD_ENTRY) if old else ()
    root, env = root or old or "public", {"APP_ENV": "prod"}
    if old or entered:
        env["SYMFONY_ENV"] = "prod"
    console = f"php {source.first('bin/console', 'app/console') or 'bin/console'}"
    why = {"family": "symfony/framework-bundle is a dependency", "build": "Symfony's assets are put in place"}
    build = [f"{console} assets:install {root}"]
    if "symfony/assetic-bundle" in packages:
        build.append(f"{console} assetic:dump")
    if "symfony/asset-mapper" in packages:
        build.append(f"{console} asset-map:compile")
    if schema := _schema(console, packages):
        why["database"] = f"{_DOCTRINE} is a dependency"
    return _plan(source, "Symfony", root, why, build=tuple(build), before=(*before, *schema), env=env)


def _schema(console: str, packages: frozenset[str]) -> tuple[str, ...]:
    if _DOCTRINE not in packages and "doctrine/orm" not in packages:
        return ()
    commands = [f"{console} doctrine:database:create --if-not-exists"]
    if _MIGRATIONS in packages:
        commands.append(f"{console} doctrine:migrations:migrate --no-interaction --allow-no-migration")
    else:
        commands.append(f"{console} doctrine:schema:update --force")
    if _FIXTURES in packages:
        commands.append(f"{console} doctrine:fixtures:load --no-interaction")
    return tuple(commands)


def _laravel(source: Source, root: str) -> Plan:
    why = {
        "family": "laravel/framework is a dependency",
        "build": "Laravel reads its views faster when they are cached",
    }
    before: tuple[str, ...] = ("php artisan migrate --force",)
    notes: tuple[str, ...] = () if source.has(".env") else (_KEY,)
    connection, said_by = _connection(source)
    if connection != "sqlite":
        why["database"] = f"{said_by} says {connection}"
        before = (_OWN, *before)
    if connection not in ("sqlite", _POSTGRES):
        notes += (f"{said_by} says {connection}, and sites get a PostgreSQL: with `database: none` they get none.",)
    plan = _plan(
        source, "Laravel", root, why, build=("php artisan view:cache",), before=before, env={"APP_ENV": "production"}
    )
    return replace(plan, notes=notes)


def _connection(source: Source) -> tuple[str, str]:
    """The kind of database that it uses, and the file that says so; by itself Laravel uses sqlite."""
    for path, pattern in _CONNECTIONS.items():
        if found := pattern.search(source.text(path) or ""):
            return found[1], path
    return "sqlite", ""


def _plan(
    source: Source, family: str, root: str, why: dict[str, str], *, build: tuple[str, ...] = (),
    before: tuple[str, ...] = (), env: dict[str, str] | None = None,
) -> Plan:  # fmt: skip
    install: tuple[str, ...] = ()
    caches: tuple[Cache, ...] = ()
    if source.has(COMPOSER):
        keys = tuple(path for path in (COMPOSER, php.LOCK) if source.has(path))
        install, caches = (_INSTALL,), (Cache("vendor", keys),)
        why |= {"install": f"there is a {COMPOSER}", "caches": "what is installed depends on these files alone"}
        build = (_CLASSES, *build)
        why["build"] = "; ".join(filter(None, (why.get("build"), "classes are found by composer.json")))
    why["run"] = f"PHP's own server shows {root or 'the project'}"
    why["env"] = "what serves visitors is no development, and answers several of them" if env else _SEVERAL
    return Plan(
        Strategy.COMMANDS, family, "php", install=install, build=build,
        run=(*before, php.serve(root)), database="postgres" if "database" in why else None,
        env={**php.SERVER, **(env or {})}, caches=caches, why=why,
    )  # fmt: skip
