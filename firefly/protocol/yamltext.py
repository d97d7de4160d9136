"""YAML with line numbers: plain data, and the line of every key and item. Aliases are refused, they make bombs."""

import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import yaml

Path = tuple[str, ...]
Lines = dict[Path, int]
# Of keys, values and items together: each takes a tenth of a millisecond, and what is deeper a multiple of that.
DEEPEST, MOST = 12, 2000


def load(text: str) -> tuple[object, Lines]:
    """Raises ValueError(message, line) for what is no plain YAML document."""
    import yaml

    try:
        loader = _bounded_loader()(text)
        node = loader.get_single_node()
        builder = _Builder(loader)
        return (None if node is None else builder.build(node, ())), builder.lines
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise ValueError(error.problem or "not YAML", mark.line + 1 if mark else 1) from error
    except yaml.reader.ReaderError as error:
        raise ValueError("a character that YAML does not allow", text.count("\n", 0, error.position) + 1) from error


@functools.cache
def _bounded_loader() -> "type[yaml.SafeLoader]":
    """One that stops where it is led too far, long before it has read all."""
    import yaml

    class Bounded(yaml.SafeLoader):
        depth = count = 0

        def compose_node(self, parent: "yaml.Node | None", index: int) -> "yaml.Node | None":
            self.depth, self.count = self.depth + 1, self.count + 1
            if self.depth > DEEPEST + 1 or self.count > MOST:
                problem = "nested too deeply" if self.count <= MOST else f"more than {MOST} keys and values"
                where = self.peek_event()  # type: ignore[no-untyped-call]
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=where.start_mark)
            node = super().compose_node(parent, index)
            self.depth -= 1
            return node

    return Bounded


class _Builder:
    def __init__(self, loader: "yaml.SafeLoader") -> None:
        self.lines: Lines = {}
        self._loader = loader
        self._seen: set[int] = set()

    def build(self, node: "yaml.Node", path: Path) -> object:
        import yaml

        line = self.lines.setdefault(path, node.start_mark.line + 1)
        if len(path) > DEEPEST:
            raise ValueError("nested too deeply", line)
        if id(node) in self._seen:
            raise ValueError("aliases (*name) are not supported", line)
        self._seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*path, str(number))) for number, item in enumerate(node.value)]
        return self._scalar(node, line)

    def _mapping(self, node: "yaml.MappingNode", path: Path) -> dict[str, object]:
        result: dict[str, object] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key = str(self._scalar(key_node, line))
            if key in result:
                raise ValueError(f"the key {key} appears twice", line)
            self.lines[*path, key] = line
            result[key] = self.build(value_node, (*path, key))
        return result

    def _scalar(self, node: "yaml.Node", line: int) -> object:
        try:
            return self._loader.construct_object(node)
        except ValueError as error:
            raise ValueError(str(error), line) from error
        except (AttributeError, IndexError, KeyError, TypeError, OverflowError) as error:
            # PyYAML checks what it guesses, not what an explicit tag (!!int, !!timestamp, …) claims.
            raise ValueError("a value that is not what its tag says", line) from error
