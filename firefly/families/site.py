"""Pages that need no program: where they lie."""

from .tree import Tree

_FOLDERS = ("", "public", "site", "dist", "docs")
PAGE = "index.html"


def folder(tree: Tree) -> str | None:
    """The folder with the first page; an empty text is the project itself."""
    for name in _FOLDERS:
        if tree.has(f"{name}/{PAGE}" if name else PAGE):
            return name
    return None
