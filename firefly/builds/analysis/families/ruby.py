"""Ruby: Rails, Rack, and pages by Jekyll."""

import re

from firefly.builds.analysis.plan import Cache, Plan, Strategy
from firefly.builds.analysis.source import Source

_GEMFILE, _LOCK = "Gemfile", "Gemfile.lock"
_GEM = re.compile(r"""^[ \t]*gem[ \t]+["']([\w-]+)["']""", re.MULTILINE)
_FOLDER = "vendor/bundle"


def detect(source: Source) -> Plan | None:
    if not source.has(_GEMFILE):
        return None
    gems = frozenset(_GEM.findall(source.text(_GEMFILE) or ""))
    keys = tuple(path for path in (_GEMFILE, _LOCK) if source.has(path))
    why = {"install": f"there is a {_GEMFILE}", "caches": "what is installed depends on these files alone"}
    install = (f"bundle config set --local path {_FOLDER}", "bundle install")
    if "rails" in gems:
        return _rails(source, gems, install, Cache(_FOLDER, keys), why)
    if "jekyll" in gems:
        why |= {"family": "jekyll is a gem of it", "build": "Jekyll is built so", "folder": "Jekyll builds there"}
        build, caches = ("bundle exec jekyll build",), (Cache(_FOLDER, keys),)
        return Plan(
            Strategy.SITE, "Jekyll", "ruby", install=install, build=build, folder="_site", caches=caches, why=why
        )
    if source.has("config.ru"):
        server = "puma -b tcp://$HOST:$PORT" if "puma" in gems else "rackup -o $HOST -p $PORT"
        why |= {"family": "there is a config.ru", "run": "config.ru is what Rack starts"}
        run, caches = (f"bundle exec {server}",), (Cache(_FOLDER, keys),)
        return Plan(Strategy.COMMANDS, "Rack", "ruby", install=install, run=run, caches=caches, why=why)
    return None


def _rails(source: Source, gems: frozenset[str], install: tuple[str, ...], cache: Cache, why: dict[str, str]) -> Plan:
    build: tuple[str, ...] = ()
    if gems & {"sprockets-rails", "propshaft", "sassc-rails"} or source.names("app/assets"):
        build, why["build"] = ("bundle exec rails assets:precompile",), "it has assets"
    database = "postgres" if "pg" in gems else None
    if database:
        why["database"] = "pg is a gem of it"
    why |= {
        "family": "rails is a gem of it",
        "run": "Rails is started so, its database prepared before",
        "env": "what serves visitors is no development",
    }
    env = {"RAILS_ENV": "production", "RAILS_LOG_TO_STDOUT": "1", "RAILS_SERVE_STATIC_FILES": "1"}
    run = ("bundle exec rails db:prepare", "bundle exec rails server -b $HOST -p $PORT")
    return Plan(
        Strategy.COMMANDS, "Rails", "ruby", install=install, build=build, run=run, database=database, env=env,
        caches=(cache,), why=why,
    )  # fmt: skip
