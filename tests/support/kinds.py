"""Real projects of the usual kinds, with packages from the registries; each says something that tells that it works."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from firefly.resources import PACKAGE

TEMPLATES = PACKAGE / "projects" / "templates"


@dataclass(frozen=True)
class Kind:
    """`shows` stands in what is answered at `path`; `family` is what the analyser says. `log`: words of the build's.

    `socket`: a WebSocket of it, what it is sent, and what stands in one of its answers.
    """

    name: str
    family: str
    files: Mapping[str, str]
    shows: str
    path: str = "/"
    log: tuple[str, ...] = field(default_factory=tuple)
    socket: tuple[str, bytes, bytes] | None = None


def _template(name: str) -> dict[str, str]:
    """Without its configuration: what it is has to be found."""
    left_out = {"firefly.yml", "template.toml"}
    paths = [path for path in (TEMPLATES / name).rglob("*") if path.is_file() and path.name not in left_out]
    return {str(path.relative_to(TEMPLATES / name)): path.read_text() for path in paths if _is_source(path)}


def _is_source(path: Path) -> bool:
    return "__pycache__" not in path.parts


SETTINGS = """
import dj_database_url
from pathlib import Path
BASE_DIR = Path(__file__).parent.parent
SECRET_KEY = "of-a-test"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "site1.urls"
INSTALLED_APPS = ["django.contrib.staticfiles", "notes"]
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "public"
WSGI_APPLICATION = "site1.wsgi.application"
DATABASES = {"default": dj_database_url.config(default="sqlite:///build.sqlite3")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
"""
DJANGO = {
    "requirements.txt": "django==5.2\ngunicorn==27.0.1\ndj-database-url==3.1.2\npsycopg[binary]==3.3.9\n",
    "manage.py": "import os, sys\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site1.settings')\n"
    "from django.core.management import execute_from_command_line\nexecute_from_command_line(sys.argv)\n",
    "site1/__init__.py": "",
    "site1/settings.py": SETTINGS,
    "site1/wsgi.py": "import os\nfrom django.core.wsgi import get_wsgi_application\n"
    "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site1.settings')\napplication = get_wsgi_application()\n",
    "site1/urls.py": "from django.http import HttpResponse\nfrom django.urls import path\n"
    "from django.db import connection\nfrom notes.models import Note\n\n\ndef index(request):\n"
    "    Note.objects.create(text='hello')\n"
    "    return HttpResponse(f'{connection.vendor} keeps {Note.objects.count()} notes')\n\n\n"
    "urlpatterns = [path('', index)]\n",
    "notes/__init__.py": "",
    "notes/models.py": "from django.db import models\n\n\nclass Note(models.Model):\n    text = models.TextField()\n",
    "notes/migrations/__init__.py": "",
    "notes/migrations/0001_initial.py": "from django.db import migrations, models\n\n\n"
    "class Migration(migrations.Migration):\n    initial = True\n    dependencies = []\n    operations = [\n"
    "        migrations.CreateModel(name='Note', fields=[('id', models.BigAutoField(primary_key=True)), "
    "('text', models.TextField())]),\n    ]\n",
}
ASTRO = {
    "package.json": json.dumps({"name": "a", "type": "module", "dependencies": {"astro": "5.9.4"}}),
    "src/pages/index.astro": "---\nconst many = [1, 2, 3].map((n) => n * 2).join('-');\n---\n"
    "<h1>Astro counts {many}</h1>\n",
}
NEXT = {
    "package.json": json.dumps(
        {
            "name": "n",
            "scripts": {"build": "next build", "start": "next start -H $HOST -p $PORT"},
            "dependencies": {"next": "16.4.6", "react": "19.3.1", "react-dom": "19.3.1"},
        }
    ),
    "app/layout.js": "export default function L({ children }) { return <html><body>{children}</body></html>; }\n",
    "app/page.js": "export const dynamic = 'force-dynamic';\n"
    "export default async function P() { return <h1>{`Next says ${6 * 7}`}</h1>; }\n",
    "firefly.yml": "resources: {memory: 2g, cpu: 2}\n",
}
SVELTE = {
    "package.json": json.dumps(
        {
            "name": "s",
            "type": "module",
            "scripts": {"build": "vite build"},
            "dependencies": {
                "@sveltejs/adapter-node": "5.5.7",
                "@sveltejs/kit": "2.70.4",
                "@sveltejs/vite-plugin-svelte": "5.1.0",
                "svelte": "5.57.3",
                "vite": "6.4.6",
            },
        }
    ),
    "svelte.config.js": "import adapter from '@sveltejs/adapter-node';\n"
    "export default { kit: { adapter: adapter() } };\n",
    "vite.config.js": "import { sveltekit } from '@sveltejs/kit/vite';\nexport default { plugins: [sveltekit()] };\n",
    "src/app.html": "<html><head>%sveltekit.head%</head><body>%sveltekit.body%</body></html>\n",
    "src/routes/+page.server.js": "export const load = () => ({ many: 6 * 7 });\n",
    "src/routes/+page.svelte": "<script>let { data } = $props();</script>\n<h1>Svelte counts {data.many}</h1>\n",
}
STREAMLIT = {
    "requirements.txt": "streamlit==1.67.0\n",
    "app.py": 'import streamlit as st\n\nst.title(f"Streamlit counts {6 * 7}")\n',
    "firefly.yml": "resources: {memory: 2g}\n",
}
# What its page sends when it opens: that the script is to be run.
RERUN = b"Z\0"
MANAGED = {
    "package.json": json.dumps({"name": "e", "scripts": {"start": "node server.js"}, "dependencies": {"ms": "2.1.3"}}),
    "server.js": "const said = `Two days are ${require('ms')('2 days')}`;\n"
    "require('http').createServer((q, a) => a.end(said)).listen(process.env.PORT, process.env.HOST);\n",
}
MS = "sha512-6FlzubTLZG3J2a/NVCAleEhjzq5oxgHyaCU9yYXvcLsvoVaHJq/s5xXI6/XXP6tz7R9xAOtHnSO/tXtF3WRTlA=="
PNPM_LOCK = f"""lockfileVersion: '9.0'
importers:
  .:
    dependencies:
      ms:
        specifier: 2.1.3
        version: 2.1.3
packages:
  ms@2.1.3:
    resolution: {{integrity: {MS}}}
snapshots:
  ms@2.1.3: {{}}
"""
YARN_LOCK = f"""# yarn lockfile v1


ms@2.1.3:
  version "2.1.3"
  resolved "https://registry.yarnpkg.com/ms/-/ms-2.1.3.tgz#574c8138ce1d2b5861f0b44579dbadd60c6615b2"
  integrity {MS}
"""
MS_CHECKSUM = (
    "10c0/d924b57e7312b3b63ad21fc5b3dc0af5e78d61a1fc7cfb5457edaf26326bf62be5307cc87ffb6862ef1c2b33b0233cdb5d4f01c4c958cc0d660"
    "948b65a287a48"
)
BERRY_LOCK = f"""# This file is generated by running "yarn install" inside your project.
# Manual changes might be lost - proceed with caution!

__metadata:
  version: 10
  cacheKey: 10c0

"e@workspace:.":
  version: 0.0.0-use.local
  resolution: "e@workspace:."
  dependencies:
    ms: "npm:2.1.3"
  languageName: unknown
  linkType: soft

"ms@npm:2.1.3":
  version: 2.1.3
  resolution: "ms@npm:2.1.3"
  checksum: {MS_CHECKSUM}
  languageName: node
  linkType: hard
"""
BERRY = {**MANAGED, "yarn.lock": BERRY_LOCK, ".yarnrc.yml": "nodeLinker: node-modules\n"}
BUN_LOCK = json.dumps(
    {
        "lockfileVersion": 2,
        "configVersion": 1,
        "workspaces": {"": {"name": "e", "dependencies": {"ms": "2.1.3"}}},
        "packages": {"ms": ["ms@2.1.3", "", {}, MS]},
    },
    indent=2,
)
SIX = """import http.server, os, six
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(f"six is {six.__version__}".encode())
http.server.HTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
"""
PROJECT = """[project]
name = "e"
version = "1"
requires-python = ">=3.11"
dependencies = ["six==1.17.0"]
"""
SIX_WHEEL = "six-1.17.0-py2.py3-none-any.whl"
SIX_PLACE = "packages/b7/ce/149a00dd41f10bc29e5921b496af8b574d8413afcd5e30dfa0ed46c2cc5e"
SIX_HASH = "sha256:4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274"
UV_LOCK = f"""version = 1
requires-python = ">=3.11"

[[package]]
name = "e"
version = "1"
source = {{ virtual = "." }}
dependencies = [{{ name = "six" }}]

[[package]]
name = "six"
version = "1.17.0"
source = {{ registry = "https://pypi.org/simple" }}
wheels = [{{ url = "https://files.pythonhosted.org/{SIX_PLACE}/{SIX_WHEEL}", hash = "{SIX_HASH}" }}]
"""
POETRY_LOCK = f"""[[package]]
name = "six"
version = "1.17.0"
description = ""
optional = false
python-versions = "!=3.0.*,!=3.1.*,!=3.2.*,>=2.7"
groups = ["main"]
files = [{{file = "{SIX_WHEEL}", hash = "{SIX_HASH}"}}]

[metadata]
lock-version = "2.1"
python-versions = ">=3.11"
content-hash = "25431c519bead7219de2d8ce91a7815d2ff50e778a840fb7b6cdce54e03b0490"
"""
UV = {"pyproject.toml": PROJECT, "uv.lock": UV_LOCK, "main.py": SIX}
POETRY = {
    "pyproject.toml": f"{PROJECT}\n[tool.poetry]\npackage-mode = false\n",
    "poetry.lock": POETRY_LOCK,
    "main.py": SIX,
}
HANDLER = """import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(open("made.txt", "rb").read())
http.server.HTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
"""
KINDS = (
    Kind("vite", "Vite", _template("vite-react"), '<div id="root"></div>', log=("npm ci", "npm run build")),
    Kind("express", "Express", _template("express"), '"node":', path="/api/time", log=("npm ci",)),
    Kind("flask", "Flask", _template("flask"), '"time":', path="/api/time", log=("requirements.txt",)),
    Kind("fastapi", "FastAPI", _template("fastapi"), '"time":', path="/api/time", log=("requirements.txt",)),
    Kind("django", "Django", DJANGO, "postgresql keeps", log=("collectstatic",)),
    Kind("astro", "Astro", ASTRO, "Astro counts 2-4-6"),
    Kind(
        "procfile", "Procfile",
        {"Procfile": "release: echo released > made.txt\nweb: exec python3 server.py\n", "server.py": HANDLER},
        "released",
    ),
    Kind("static", "static", {"index.html": "<h1>As it lies there</h1>"}, "As it lies there"),
    Kind("pnpm", "Node", {**MANAGED, "pnpm-lock.yaml": PNPM_LOCK}, "are 172800000", log=("npx --yes pnpm@9 install",)),
    Kind("yarn", "Node", {**MANAGED, "yarn.lock": YARN_LOCK}, "are 172800000", log=("npx --yes yarn@1 install",)),
    Kind("bun", "Node", {**MANAGED, "bun.lock": BUN_LOCK}, "are 172800000", log=("npx --yes bun@1 install",)),
    Kind("berry", "Node", BERRY, "are 172800000", log=("--package=@yarnpkg/cli-dist@4 yarn install",)),
    Kind("uv", "Python", UV, "six is 1.17.0", log=("uv sync --frozen",)),
    Kind("poetry", "Python", POETRY, "six is 1.17.0", log=("poetry install",)),
    Kind("next", "Next.js", NEXT, "Next says 42"),
    Kind("sveltekit", "SvelteKit", SVELTE, "Svelte counts 42", log=("npm run build",)),
    Kind(
        "streamlit", "Streamlit", STREAMLIT, "<title>Streamlit</title>",
        socket=("/_stcore/stream", RERUN, b"Streamlit counts 42"),
    ),
)  # fmt: skip
BROKEN = {
    "package.json": json.dumps({"name": "broken", "scripts": {"build": "node build.js", "start": "node ."}}),
    "build.js": "require('not-there')",
}
