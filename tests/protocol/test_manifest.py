"""firefly.yml: the schema of the documentation is accepted, everything else names its line."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from firefly.protocol.errors import ManifestError
from firefly.protocol.manifest import Manifest, parse
from firefly.protocol.yamltext import DEEPEST

DOCUMENTED = """
image: node            # base of the sandbox: a named runtime or an image
install: [npm ci]
build: [npm run build]
run: [npm start]       # gets $PORT; must listen on it
dev: [npm run dev]     # in the workspace
port: 3000
test: [npm test]       # after build; a failing one is neither routed nor releasable
env: {NODE_ENV: production}
writable: [var/log]
urls: [admin, api]
dockerfile: {path: docker/Dockerfile, target: app, args: {A: b}}
health: {path: /healthz, timeout: 30s}
preview: {access: members, inject: true}
resources: {memory: 1g, cpu: 1, pids: 512, disk: 5g}
builds: {branches: [main, "feature/*"], pull_requests: true}
schedule: {nightly: "0 3 * * *"}
watch: {install: [package.json], restart: ["server/**"], throttle: 100ms}
idle: {freeze: 10m, stop: 60m}
database: postgres     # one per preview
seed: [npm run seed]   # once, into a database that is new
caches: [data/raw]     # not copied with what git ignores
"""


def test_the_documented_file_is_accepted_in_full() -> None:
    manifest = parse(DOCUMENTED)
    assert manifest.model_fields_set == set(Manifest.model_fields)
    assert manifest.dev == ["npm run dev"]
    assert manifest.port == 3000
    assert manifest.watch.throttle == pytest.approx(0.1)
    assert manifest.idle is not None
    assert manifest.idle.freeze == 600
    assert manifest.resources is not None
    assert manifest.resources.memory == 1 << 30


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n"])
def test_an_empty_file_decides_nothing(text: str) -> None:
    assert parse(text) == Manifest()


def test_one_command_needs_no_list_and_values_of_env_become_text() -> None:
    manifest = parse("dev: npm start\nenv: {A: 1, B: true, C: 1.5, D: x}")
    assert manifest.dev == ["npm start"]
    assert manifest.env == {"A": "1", "B": "true", "C": "1.5", "D": "x"}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("port: 3000\nprot: 1", 2, "the key prot is not known"),
        ("preview:\n  inject: true\n  foo: 1", 3, "preview.foo is not known"),
        ("port: 99999", 1, "port"),
        ("dev:\n  - a\n  - {b: c}", 3, "dev.1"),
        (
            "build:\n  - a\n  - echo so: it is",
            3,
            "build.1: Input should be a valid string. YAML reads a text with `: `",
        ),
        ("build: echo so: it is", 1, "YAML reads a text with `: `"),
        ("dockerfile:\n  path: ../x", 2, "stays in the project"),
        ("writable: [/etc]", 1, "stays in the project"),
        ("a: [1", 1, "expected"),
        ("- 1", 1, "keys with values"),
        ("port: 1\nport: 2", 2, "twice"),
        ("env:\n  1a: b", 2, "env"),
        ("idle:\n  stop: soon", 2, "duration"),
        ("resources:\n  memory: much", 2, "size"),
        ("env: {A: &x b, C: *x}", 1, "aliases"),
        ("dev: 2001-99-99", 1, "month"),
        ("port: 1\n\x01", 2, "character"),
        ("database: oracle", 1, "database"),
        ("urls: [Admin]", 1, "urls"),
        (f"urls: [{', '.join(map(str, range(21)))}]", 1, "urls"),
        ("[" * 5000, 1, "nested too deeply"),
        ("build:\n- a\n" + "- a\n" * 16_000, 1999, "more than 2000 keys and values"),
        ("!!python/object/apply:os.system [id]", 1, "keys with values"),
        ("run:\n  - !!timestamp soon", 2, "tag"),
        ("port: !!int ''", 1, "tag"),
        ("env: {A: !!bool perhaps}", 1, "tag"),
        ("resources: {memory: " + "9" * 400 + "}", 1, "size"),
        ("resources: {cpu: .inf}", 1, "finite"),
        ('env: {A: "a\\0b"}', 1, "no program"),
        ('dev: "a\\0b"', 1, "no program"),
        ('dev: "\\ud800"', 1, "no program"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(ManifestError, match=f"^firefly.yml, line {line}:") as caught:
        parse(text)
    assert words in caught.value.detail
    assert caught.value.line == line


def test_a_bomb_of_aliases_is_refused_at_once() -> None:
    levels = "\n".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 12))
    with pytest.raises(ManifestError, match="aliases"):
        parse(f"l0: &l0 [x]\n{levels}")


def test_what_leads_deep_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each level makes the next ones dearer: 5000 of them in 5 KB took seconds, in which a server did nothing else."""
    asked = 0
    compose = yaml.SafeLoader.compose_node

    def counted(self: yaml.SafeLoader, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        nonlocal asked
        asked += 1
        return compose(self, parent, index)

    monkeypatch.setattr(yaml.SafeLoader, "compose_node", counted)
    with pytest.raises(ManifestError, match="nested too deeply"):
        parse("[" * 5000)
    assert asked <= DEEPEST + 1


def test_a_file_too_long_is_refused() -> None:
    with pytest.raises(ManifestError, match="64 KiB"):
        parse("# " + "x" * 70_000)


@given(st.text(max_size=200))
def test_any_text_is_either_a_manifest_or_an_error_with_a_line(text: str) -> None:
    try:
        outcome: Manifest | ManifestError = parse(text)
    except ManifestError as error:
        outcome = error
    assert isinstance(outcome, Manifest) or outcome.line >= 1
