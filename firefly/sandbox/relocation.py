"""Importing modules from where they are here, under the names that their files have inside a sandbox.

What was imported so before a fork finds its files, and what it imports later, when it has entered the sandbox.
Standard library only.
"""

import sys
from collections.abc import Mapping, Sequence
from importlib.machinery import (
    BYTECODE_SUFFIXES,
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    ModuleSpec,
    SourceFileLoader,
    SourcelessFileLoader,
)
from types import ModuleType
from typing import Any


class Relocation:
    """`places`: folder inside → folder here, those of packages in the order in which they are searched."""

    def __init__(self, places: Mapping[str, str]) -> None:
        self.path = list(places)
        self._places = dict(places)
        self._former: object = None

    def begin(self) -> None:
        """From here on all imports but those of the standard library go by `places`; Firefly's begin anew."""
        for name in [name for name in sys.modules if name.partition(".")[0] == "firefly"]:
            del sys.modules[name]
        sys.path = [*self.path, *(path for path in sys.path if path not in self._places.values())]
        sys.path_hooks.insert(0, self._find)

    def end(self) -> None:
        """The process has entered the sandbox, where every file is in its place."""
        sys.path_hooks.remove(self._find)
        self._places.clear()
        # The former one is kept: taking it apart would write to memory that is shared with other processes.
        self._former, sys.path_importer_cache = sys.path_importer_cache, {}

    def here(self, path: str) -> str:
        for inside, folder in self._places.items():
            if path == inside or path.startswith(f"{inside}/"):
                return folder + path[len(inside) :]
        return path

    def _find(self, path: str) -> "_Finder":
        if self.here(path) == path:
            raise ImportError
        return _Finder(path, self)

    def loaders(self) -> Sequence[tuple[Any, list[str]]]:
        """What FileFinder takes: for each kind of file what makes its loader, and its endings."""
        kinds = ((_Extension, EXTENSION_SUFFIXES), (_Source, SOURCE_SUFFIXES), (_Bytecode, BYTECODE_SUFFIXES))
        return [(lambda name, path, kind=kind: kind(name, path, self), suffixes) for kind, suffixes in kinds]


class _Finder(FileFinder):
    """Looks into a folder here, and names what it finds as inside."""

    def __init__(self, inside: str, relocation: Relocation) -> None:
        super().__init__(relocation.here(inside), *relocation.loaders())
        self._inside = inside

    def find_spec(self, fullname: str, target: ModuleType | None = None) -> ModuleSpec | None:
        spec = super().find_spec(fullname, target)
        if spec is None:
            return None
        if spec.submodule_search_locations is not None:
            spec.submodule_search_locations = [self._rename(path) for path in spec.submodule_search_locations]
        if spec.origin is not None and spec.loader is not None:
            spec.origin = self._rename(spec.origin)
            spec.loader.path = spec.origin  # type: ignore[attr-defined]
        return spec

    def _rename(self, path: str) -> str:
        return self._inside + path.removeprefix(str(self.path))


class _Source(SourceFileLoader):
    def __init__(self, name: str, path: str, relocation: Relocation) -> None:
        super().__init__(name, path)
        self._relocation = relocation

    def get_data(self, path: str) -> bytes:
        return super().get_data(self._relocation.here(path))

    def path_stats(self, path: str) -> Mapping[str, Any]:
        return super().path_stats(self._relocation.here(path))

    def set_data(self, path: str, data: bytes, *, _mode: int = 0o666) -> None:  # type: ignore[override]
        """Nothing is compiled into the packages of the server."""


class _Bytecode(SourcelessFileLoader):
    def __init__(self, name: str, path: str, relocation: Relocation) -> None:
        super().__init__(name, path)
        self._relocation = relocation

    def get_data(self, path: str) -> bytes:
        return super().get_data(self._relocation.here(path))


class _Extension(ExtensionFileLoader):
    def __init__(self, name: str, path: str, relocation: Relocation) -> None:
        super().__init__(name, path)
        self._relocation = relocation

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The linker opens the file itself, so it is told where that is."""
        inside, spec.origin = spec.origin, self._relocation.here(spec.origin or "")
        try:
            module = super().create_module(spec)
        finally:
            spec.origin = inside
        module.__file__ = inside
        return module
