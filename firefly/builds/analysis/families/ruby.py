"""Ruby: Rails, Rack, and pages by Jekyll."""

from firefly.builds.analysis.plan import Cache, Plan, Strategy
from firefly.builds.analysis.source import Source
from firefly.families.ruby import GEMFILE, LOCK, RACK, SERVER, gems, rack

_FOLDER = "vendor/bundle"
# By the environment and not by a file of Bundler's, which would be missing where the folder is an earlier build's.
_ENV = {"BUNDLE_PATH": _FOLDER}
_PRODUCTION = "what serves visitors is no development; gems are in the tree"
# Builds of strangers have no secrets, and the assets need none; before Rails 7.1 the first of these does nothing.
_ASSETS = "SECRET_KEY_BASE_DUMMY=1 SECRET_KEY_BASE=none bundle exec rails assets:precompile"
_KEY = (
    "Rails does not start without its keys: keep RAILS_MASTER_KEY (config/master.key), or SECRET_KEY_BASE, as a secret."
)


def detect(source: Source) -> Plan | None:
    if not source.has(GEMFILE):
        return None
    found = gems(source)
    keys = tuple(path for path in (GEMFILE, LOCK) if source.has(path))
    why = {"install": f"there is a {GEMFILE}", "caches": "what is installed depends on these files alone"}
    install = ("bundle install",)
    if "rails" in found:
        return _rails(source, found, install, Cache(_FOLDER, keys), why)
    if "jekyll" in found:
        why |= {"family": "jekyll is a gem of it", "build": "Jekyll is built so", "folder": "Jekyll builds there"}
        why["env"] = "gems are in the tree"
        return Plan(
            Strategy.SITE, "Jekyll", "ruby", install=install, build=("bundle exec jekyll build",), folder="_site",
            env=_ENV, caches=(Cache(_FOLDER, keys),), why=why,
        )  # fmt: skip
    if source.has(RACK):
        why |= {"family": "there is a config.ru", "run": "config.ru is what Rack starts", "env": _PRODUCTION}
        return Plan(
            Strategy.COMMANDS, "Rack", "ruby", install=install, run=(f"bundle exec {rack(found)}",),
            env={**_ENV, "RACK_ENV": "production"}, caches=(Cache(_FOLDER, keys),), why=why,
        )  # fmt: skip
    return None


def _rails(source: Source, found: frozenset[str], install: tuple[str, ...], cache: Cache, why: dict[str, str]) -> Plan:
    build: tuple[str, ...] = ()
    if found & {"sprockets-rails", "propshaft", "sassc-rails"} or source.names("app/assets"):
        build, why["build"] = (_ASSETS,), "it has assets"
    database = "postgres" if "pg" in found else None
    if database:
        why["database"] = "pg is a gem of it"
    why |= {
        "family": "rails is a gem of it",
        "run": "Rails is started so, its database prepared before",
        "env": _PRODUCTION,
    }
    env = {**_ENV, "RAILS_ENV": "production", "RAILS_LOG_TO_STDOUT": "1", "RAILS_SERVE_STATIC_FILES": "1"}
    run = ("bundle exec rails db:prepare", f"bundle exec {SERVER}")
    return Plan(
        Strategy.COMMANDS, "Rails", "ruby", install=install, build=build, run=run, database=database, env=env,
        caches=(cache,), why=why, notes=(_KEY,),
    )  # fmt: skip
