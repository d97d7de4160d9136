"""PHP: what a project depends on, and the folder that is shown of it."""

from .tree import Tree, table

COMPOSER, LOCK = "composer.json", "composer.lock"
ENTRY = "index.php"
_ROOTS = ("public", "web", "www", "htdocs", "")
# PHP's own server answers one at a time else, and never an application that asks itself.
SERVER = {"PHP_CLI_SERVER_WORKERS": "4"}


def requires(tree: Tree) -> frozenset[str]:
    composer = tree.json(COMPOSER)
    return frozenset({*table(composer, "require"), *table(composer, "require-dev")})


def root(tree: Tree, entry: str = ENTRY) -> str | None:
    """The folder in which `entry` lies, empty for the project's own; None where it is in none of the usual ones."""
    return next((name for name in _ROOTS if tree.has(f"{name}/{entry}" if name else entry)), None)


def serve(folder: str) -> str:
    """By what php.ini says in distributions scripts see no variables, and Symfony is a development for everybody."""
    return f"php -d variables_order=EGPCS -S $HOST:$PORT -t {folder or '.'}"
