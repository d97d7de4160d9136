"""A registry of npm's and an index of Python's, on the loopback, with packages that are made up here."""

import base64
import hashlib
import io
import json
import tarfile
import zipfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.test_utils import BaseTestServer, TestServer

ABBREVIATED = "application/vnd.npm.install-v1+json"
INDEX = "application/vnd.pypi.simple.v1+json"


@dataclass
class RegistryServer:
    """`asked` are the paths in order, `headers` of the last one; what is in `spoilt` comes with other bytes, what is in
    `moved` from elsewhere. `signatures` are told of `name@version`."""

    files: dict[str, bytes] = field(default_factory=dict)
    packages: dict[str, dict[str, bytes]] = field(default_factory=dict)
    wheels: dict[str, list[str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    headers: Mapping[str, str] = field(default_factory=dict)
    spoilt: set[str] = field(default_factory=set)
    moved: dict[str, str] = field(default_factory=dict)
    signatures: dict[str, Mapping[str, str]] = field(default_factory=dict)
    url: str = ""

    @property
    def npm(self) -> str:
        return f"{self.url}/npm/"

    @property
    def python(self) -> str:
        return f"{self.url}/simple/"

    def add_package(self, name: str, version: str, *, source: str = "") -> str:
        """An npm package of one file; gives its integrity."""
        return self.add_tarball(name, version, _tarball(name, version, source or f"module.exports = {version!r}\n"))

    def add_tarball(self, name: str, version: str, data: bytes) -> str:
        self.packages.setdefault(name, {})[version] = data
        self.files[f"/npm/{name}/-/{name.rpartition('/')[2]}-{version}.tgz"] = data
        return _integrity(data)

    def add_wheel(self, project: str, version: str) -> str:
        """A wheel with one module; gives its name."""
        name, data = f"{project}-{version}-py3-none-any.whl", _wheel(project, version)
        self.files |= {f"/files/{name}": data, f"/files/{name}.metadata": _metadata(project, version)}
        self.wheels.setdefault(project, []).append(name)
        return name

    def fetched(self, ending: str) -> int:
        return sum(path.endswith(ending) for path in self.asked)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        path = request.path
        self.asked.append(path)
        self.headers = request.headers.copy()
        if path in self.moved:
            return web.Response(status=302, headers={"Location": self.moved[path]})
        if path in self.files:
            data = self.files[path]
            return web.Response(body=data[::-1] if path in self.spoilt else data)
        kind, found = self._document(path)
        if found is None:
            return web.json_response({}, status=404)
        body = json.dumps(found).encode()
        tag = f'"{hashlib.sha256(body).hexdigest()}"'
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304)
        return web.Response(body=body, content_type=kind, headers={"ETag": tag})

    def _document(self, path: str) -> tuple[str, object]:
        if path.startswith("/simple/"):
            project = path.strip("/").rpartition("/")[2]
            return INDEX, self._page(project) if project in self.wheels else None
        name = path.removeprefix("/npm/")
        if name in self.packages:
            versions = {version: self._manifest(name, version) for version in self.packages[name]}
            return ABBREVIATED, {"name": name, "dist-tags": {"latest": max(versions)}, "versions": versions}
        name, _, version = name.rpartition("/")
        there = version in self.packages.get(name, {})
        return "application/json", self._manifest(name, version) if there else None

    def _manifest(self, name: str, version: str) -> dict[str, object]:
        at = f"{self.npm}{name}/-/{name.rpartition('/')[2]}-{version}.tgz"
        dist: dict[str, object] = {"tarball": at, "integrity": _integrity(self.packages[name][version])}
        if signature := self.signatures.get(f"{name}@{version}"):
            dist["signatures"] = [signature]
        return {"name": name, "version": version, "dist": dist}

    def _page(self, project: str) -> dict[str, object]:
        files = [
            {
                "filename": name,
                "url": f"{self.url}/files/{name}",
                "hashes": {"sha256": _sha256(self.files[f"/files/{name}"])},
                "core-metadata": {"sha256": _sha256(self.files[f"/files/{name}.metadata"])},
            }
            for name in self.wheels[project]
        ]
        return {"meta": {"api-version": "1.1"}, "name": project, "files": files}


@asynccontextmanager
async def registry() -> AsyncIterator[tuple[RegistryServer, BaseTestServer]]:
    made = RegistryServer()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.answer)
    async with TestServer(app) as server:
        made.url = str(server.make_url("")).rstrip("/")
        yield made, server


def _integrity(data: bytes) -> str:
    return "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _tarball(name: str, version: str, source: str) -> bytes:
    return tarball({"package.json": json.dumps({"name": name, "version": version}), "index.js": source})


def tarball(contents: Mapping[str, str]) -> bytes:
    """A package as npm has them."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for path, text in contents.items():
            entry = tarfile.TarInfo(f"package/{path}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return made.getvalue()


def _metadata(project: str, version: str) -> bytes:
    return f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n".encode()


def _wheel(project: str, version: str) -> bytes:
    made, folder = io.BytesIO(), f"{project}-{version}.dist-info"
    contents = {
        f"{project}.py": f"version = {version!r}\n".encode(),
        f"{folder}/METADATA": _metadata(project, version),
        f"{folder}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in [*contents, f"{folder}/RECORD"])
    with zipfile.ZipFile(made, "w") as archive:
        for path, data in (*contents.items(), (f"{folder}/RECORD", record.encode())):
            archive.writestr(path, data)
    return made.getvalue()
