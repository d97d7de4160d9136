"""Static files: those that Vite built, named by their hash, and those of the signed-out pages."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aiohttp import hdrs, web

from firefly.errors import Unavailable

STATIC = Path(__file__).parent / "static"
BUILT = "editor"
URL = "/assets/"
IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATED = "public, no-cache"
SIDE_FILES = (".br", ".gz")


@dataclass(frozen=True, slots=True)
class Asset:
    """What a page loads for one entry: addresses of its script, its style sheets and what they import at once."""

    script: str
    styles: tuple[str, ...]
    preloads: tuple[str, ...]


class Assets:
    """The files that may be served, found once: nothing outside this list has an address."""

    def __init__(self, folder: Path = STATIC) -> None:
        self._folder = folder
        self._files = dict(self._find())
        self._manifest = self._read_manifest()
        self._versions: dict[str, str] = {}

    def _find(self) -> "list[tuple[str, Path]]":
        built = self._folder / BUILT
        files = [path for path in sorted(self._folder.rglob("*")) if path.is_file() and path.suffix not in SIDE_FILES]
        # Vite's paths are relative to its own folder; the rest to ours.
        return [(str(path.relative_to(built if path.is_relative_to(built) else self._folder)), path) for path in files]

    def _read_manifest(self) -> Mapping[str, Mapping[str, object]]:
        for place in ("manifest.json", ".vite/manifest.json"):
            path = self._folder / BUILT / place
            if path.is_file():
                found: dict[str, dict[str, object]] = json.loads(path.read_bytes())
                return found
        return {}

    def path(self, name: str) -> Path | None:
        return self._files.get(name)

    def is_hashed(self, path: Path) -> bool:
        """Whether Vite named it by its contents."""
        return self._folder / BUILT in path.parents

    def static(self, name: str) -> str:
        """The address of a file of our own, with its contents' hash, so that it may be cached for ever."""
        path = self._files.get(name)
        if path is None:
            return URL + name
        if name not in self._versions:
            self._versions[name] = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
        return f"{URL}{name}?v={self._versions[name]}"

    def asset(self, entry: str) -> Asset:
        """What the entry named `entry` was built into. Raises Unavailable where the editor is not built."""
        key = next((key for key, chunk in self._manifest.items() if _is_entry(key, chunk, entry)), None)
        if key is None:
            raise Unavailable("The editor is not built. Run `make run`, or `npm run build` in editor/.", retry_after=30)
        chunks = self._closure(key)
        styles = {str(style): None for chunk in chunks for style in _texts(chunk.get("css"))}
        return Asset(
            script=URL + str(self._manifest[key]["file"]),
            styles=tuple(URL + style for style in styles),
            preloads=tuple(URL + str(chunk["file"]) for chunk in chunks[1:]),
        )

    def _closure(self, key: str) -> "list[Mapping[str, object]]":
        """The chunk and everything that it imports statically, each once; with the rest of a page that begins early."""
        seen: dict[str, Mapping[str, object]] = {}
        waiting = [key, *(name for name in _texts(self._manifest[key].get("dynamicImports")) if self._is_start(name))]
        while waiting:
            name = waiting.pop(0)
            if name not in seen and name in self._manifest:
                seen[name] = self._manifest[name]
                waiting += _texts(seen[name].get("imports"))
        return list(seen.values())

    def _is_start(self, key: str) -> bool:
        """`start.tsx` beside an entry is imported at once, only not before the entry itself has run."""
        return self._manifest.get(key, {}).get("name") == "start"


def _is_entry(key: str, chunk: Mapping[str, object], entry: str) -> bool:
    return bool(chunk.get("isEntry")) and (chunk.get("name") == entry or Path(key).stem == entry)


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


ASSETS: web.AppKey[Assets] = web.AppKey("assets", Assets)


def set_up_assets(app: web.Application) -> None:
    app[ASSETS] = Assets()
    app.router.add_get(URL + "{path:.+}", serve)


async def serve(request: web.Request) -> web.StreamResponse:
    """FileResponse picks the precompressed neighbour that the browser takes, and knows ranges and ETags."""
    assets = request.app[ASSETS]
    path = assets.path(request.match_info["path"])
    if path is None:
        raise web.HTTPNotFound()
    hashed = assets.is_hashed(path) or "v" in request.query
    return web.FileResponse(
        path, headers={hdrs.CACHE_CONTROL: IMMUTABLE if hashed else REVALIDATED, hdrs.VARY: hdrs.ACCEPT_ENCODING}
    )
