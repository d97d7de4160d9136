"""Projects with a package.json: servers that a script starts, and pages that a bundler makes."""

import re
from dataclasses import dataclass, replace

from firefly.builds.analysis.plan import Cache, Part, Plan, Strategy
from firefly.builds.analysis.source import Source
from firefly.families import node
from firefly.families.node import PACKAGE, Packages

_BIN = "node_modules/.bin"


@dataclass(frozen=True, slots=True)
class Framework:
    """`dependency` gives it away. `folder` is where pages are built to, `run` what serves the result.

    `static` is a pattern in one of `configuration`, or a dependency, which says that there are pages only; None: never.
    """

    name: str
    dependency: str
    build: str = ""
    run: str = ""
    folder: str = ""
    configuration: tuple[str, ...] = ()
    static: str | None = None
    cache: str = ""


def _named(stem: str) -> tuple[str, ...]:
    return tuple(f"{stem}.{ending}" for ending in ("js", "mjs", "cjs", "ts", "mts"))


_VITE = _named("vite.config")
# In this order, since most of them bring those below.
SERVERS = (
    Framework(
        "Next.js", "next", "next build", "next start -H $HOST -p $PORT", "out", _named("next.config"),
        r"""\boutput\s*:\s*["']export["']""", ".next/cache",
    ),
    Framework("Nuxt", "nuxt", "nuxt build", "node .output/server/index.mjs"),
    Framework("SvelteKit", "@sveltejs/adapter-node", "vite build", "node build"),
    Framework("Astro", "@astrojs/node", "astro build", "node ./dist/server/entry.mjs"),
    Framework("Remix", "@remix-run/serve", "remix build", "remix-serve build/server/index.js"),
    Framework("NestJS", "@nestjs/core", "nest build", "node dist/main"),
    Framework("Express", "express"),
    Framework("Fastify", "fastify"),
    Framework("Koa", "koa"),
    Framework("Hono", "@hono/node-server"),
    Framework("hapi", "@hapi/hapi"),
)  # fmt: skip
SITES = (
    Framework("SvelteKit", "@sveltejs/adapter-static", "vite build", folder="build"),
    Framework("Astro", "astro", "astro build", folder="dist", configuration=_named("astro.config")),
    Framework("Gatsby", "gatsby", "gatsby build", folder="public", cache=".cache"),
    Framework("Docusaurus", "@docusaurus/core", "docusaurus build", folder="build"),
    Framework("VitePress", "vitepress", "vitepress build", folder=".vitepress/dist"),
    Framework("Eleventy", "@11ty/eleventy", "eleventy", folder="_site"),
    Framework("Create React App", "react-scripts", "react-scripts build", folder="build"),
    Framework("Vue CLI", "@vue/cli-service", "vue-cli-service build", folder="dist"),
    Framework("Vite", "vite", "vite build", folder="dist", configuration=_VITE),
    Framework("Parcel", "parcel", "parcel build", folder="dist"),
)
_FOLDER = re.compile(r"""\boutDir\s*:\s*["']\.?/?([\w.-]+(?:/[\w.-]+)*)["']""")
_NO_TEST = "no test specified"
_STARTS = ("start", "serve")


def detect(source: Source) -> Plan | None:
    """A server: by its framework, a script that starts it, or a file that listens."""
    found = node.packages(source)
    if found is None:
        return None
    framework = next((one for one in SERVERS if one.dependency in found.dependencies), None)
    if framework and (why := _only_pages(framework, source)):
        return _pages(framework, found, source, framework.folder, why)
    script = next((name for name in _STARTS if name in found.scripts), None)
    if script and not _shows_pages_only(found, found.scripts[script]):
        return _server(framework, found, source, found.run(script), f"{PACKAGE} has the script {script}")
    if framework and framework.run:
        return _server(framework, found, source, _local(framework.run), f"{framework.dependency} is a dependency")
    if entry := node.server(source):
        return _server(framework, found, source, f"node {entry}", f"{entry} is a server")
    return None


def detect_pages(source: Source) -> Plan | None:
    """What a bundler makes, where nothing else is a server."""
    found = node.packages(source)
    if found is None:
        return None
    framework = next((one for one in SITES if one.dependency in found.dependencies), None)
    if framework is None:
        return None
    folder, why = _folder(framework, source)
    return _pages(framework, found, source, folder, why)


def with_assets(plan: Plan, source: Source) -> Plan:
    """A plan of another family, with the packages and the build that its pages need."""
    found = node.packages(source)
    if found is None or found.install is None or "build" not in found.scripts:
        return plan
    mine = _common(None, found, source)
    why = {name: "; ".join(filter(None, (mine.why.get(name), plan.why.get(name)))) for name in {*mine.why, *plan.why}}
    return replace(
        plan,
        install=(*mine.install, *plan.install),
        build=(*mine.build, *plan.build),
        caches=(*mine.caches, *plan.caches),
        why=why,
        notes=(*plan.notes, *mine.notes),
    )


def _server(framework: Framework | None, found: Packages, source: Source, command: str, why: str) -> Plan:
    plan = _common(framework, found, source)
    return replace(
        plan, strategy=Strategy.COMMANDS, run=(command,), env={"NODE_ENV": "production"},
        why={**plan.why, "run": why, "env": "what serves visitors is no development"},
    )  # fmt: skip


def _pages(framework: Framework, found: Packages, source: Source, folder: str, why: str) -> Plan:
    plan = _common(framework, found, source)
    return replace(plan, strategy=Strategy.SITE, folder=folder, why={**plan.why, "folder": why})


def _common(framework: Framework | None, found: Packages, source: Source) -> Plan:
    """Family, packages, build and caches."""
    why = {"family": f"{framework.dependency} is a dependency" if framework else f"there is a {PACKAGE}"}
    install: tuple[str, ...] = ()
    caches: tuple[Cache, ...] = ()
    if found.install:
        install, caches = (found.install,), (Cache(node.MODULES, found.inputs),)
        why["install"] = f"{found.lock} is there" if found.lock else f"{PACKAGE} has dependencies and no lock file"
        why["caches"] = "what is installed depends on these files alone"
    if framework and framework.cache:
        caches = (*caches, Cache(framework.cache, found.inputs, Part.BUILD))
    build: tuple[str, ...] = ()
    if "build" in found.scripts:
        build, why["build"] = (found.run("build"),), f"{PACKAGE} has the script build"
    elif framework and framework.build:
        build, why["build"] = (_local(framework.build),), f"{PACKAGE} has no script build; {framework.name} is built so"
    name = framework.name if framework else "Node"
    return Plan(Strategy.NONE, name, "node", install=install, build=build, caches=caches, why=why, notes=_notes(found))


def _notes(found: Packages) -> tuple[str, ...]:
    test = found.scripts.get("test", _NO_TEST)
    if _NO_TEST in test:
        return ()
    command = found.run("test")
    return (f"{PACKAGE} has the script test, which is not run: with `test: [{command}]` in firefly.yml it decides.",)


def _only_pages(framework: Framework, source: Source) -> str | None:
    """Why a server's framework makes pages here that need none."""
    path = source.first(*framework.configuration) if framework.static else None
    if path and framework.static and re.search(framework.static, source.text(path) or ""):
        return f"{path} asks for pages only"
    return None


def _shows_pages_only(found: Packages, script: str) -> bool:
    """Whether a script starts what only shows the pages of a bundler while somebody works on them."""
    shows = re.match(
        r"^(react-scripts start|vite\b|astro (dev|preview)|gatsby|docusaurus|ng serve|parcel|vue-cli)", script
    )
    return shows is not None and not any(one.dependency in found.dependencies for one in SERVERS)


def _folder(framework: Framework, source: Source) -> tuple[str, str]:
    path = source.first(*framework.configuration)
    if path and (found := _FOLDER.search(source.text(path) or "")) and ".." not in found[1].split("/"):
        return found[1], f"{path} names it"
    return framework.folder, f"{framework.name} builds there"


def _local(command: str) -> str:
    return command if command.startswith("node ") else f"{_BIN}/{command}"
