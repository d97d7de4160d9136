"""The languages that sandboxes have where somebody installed them: where each lies, and which packages bring it."""

import os
import re
import shutil
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from firefly.errors import InvalidInput

SYSTEM = Path("/usr")
# Debian keeps there what the programs below /usr do not start without, or without their extensions. Nothing else of
# these folders is shown: settings of Maven and pools of PHP may hold passwords.
SETTINGS = ("java-*-openjdk", "php/*/cli", "php/*/mods-available", "maven/m2.conf", "maven/logging")


@dataclass(frozen=True, slots=True)
class Language:
    """`programs` are what its projects call, the first in any case; `tells` is a shell's line that says its version.

    `packages` are Debian's. `mark` lies in a folder of its own, such as /opt/go, and in no other.
    """

    title: str
    programs: tuple[str, ...]
    tells: str
    packages: tuple[str, ...]
    mark: str

    @property
    def program(self) -> str:
        return self.programs[0]


LANGUAGES: Mapping[str, Language] = {
    "go": Language("Go", ("go", "gofmt"), "go version", ("golang-go",), "src/runtime"),
    "java": Language(
        "Java", ("java", "javac", "jar", "mvn"), "env -u JAVA_TOOL_OPTIONS java -version 2>&1",
        ("default-jdk-headless", "maven"), "lib/modules",
    ),
    "php": Language(
        "PHP", ("php", "composer"), "php -r 'echo PHP_VERSION;'",
        ("php-cli", "composer", "php-curl", "php-intl", "php-mbstring", "php-pgsql", "php-sqlite3", "php-xml", "unzip"),
        "lib/php",
    ),
    "ruby": Language(
        "Ruby", ("ruby", "bundle", "gem"), "ruby --version", ("ruby", "ruby-dev", "bundler"), "lib/ruby"
    ),
    "rust": Language(
        # debootstrap looks for no package by what it provides, as rustc's libc-dev.
        "Rust", ("cargo", "rustc"), "cargo --version > /dev/null && rustc --version", ("cargo", "libc6-dev"),
        "lib/rustlib",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """`binaries` go on PATH; `folder` is what they need to be seen, None where they lie below /usr."""

    binaries: Path
    folder: Path | None


def named(text: str) -> tuple[str, ...]:
    """Languages in a list with commas, in one order whatever the list's. Raises InvalidInput for any other word."""
    wanted = {name.strip() for name in text.split(",") if name.strip()}
    if unknown := sorted(wanted - LANGUAGES.keys()):
        raise InvalidInput(f"{', '.join(unknown)} is no language of these: {', '.join(LANGUAGES)}.")
    return tuple(name for name in LANGUAGES if name in wanted)


def packages(languages: Iterable[str]) -> tuple[str, ...]:
    """Debian's that bring them."""
    return tuple(package for name in languages for package in LANGUAGES[name].packages)


def places(usual: Iterable[str]) -> Iterator[Place]:
    """Of those that the server has on its own PATH, where that is not one of the `usual` folders of sandboxes."""
    folders = set(usual)
    for language in LANGUAGES.values():
        found = shutil.which(language.program)
        if found is not None and os.path.dirname(found) not in folders and (place := _place(Path(found), language)):
            yield place


def missing() -> list[str]:
    """Those of which the machine has no program."""
    return [name for name, language in LANGUAGES.items() if shutil.which(language.program) is None]


def settings() -> Iterator[str]:
    """What of /etc is to be seen."""
    for pattern in SETTINGS:
        yield from sorted(map(str, Path("/etc").glob(pattern)))


def _place(found: Path, language: Language) -> Place | None:
    """None where its folder holds other things too, as a home does."""
    program = _behind_rustup(found.resolve(), language)
    if program.is_relative_to(SYSTEM):
        return Place(program.parent, None)
    folder = program.parent.parent
    return Place(program.parent, folder) if (folder / language.mark).exists() and not is_shared(folder) else None


def is_shared(folder: Path) -> bool:
    """Whether programs, too, are put into it beside what is nobody else's business."""
    is_home = Path.home().resolve().is_relative_to(folder) or folder.parent == Path("/home")
    return is_home or folder.name == ".local" or folder in {Path("/opt"), Path("/srv"), Path("/var")}


def _behind_rustup(program: Path, language: Language) -> Path:
    """rustup's `cargo` only starts another one, of the toolchain that is set."""
    if program.name != "rustup":
        return program
    home = Path(os.environ.get("RUSTUP_HOME", Path.home() / ".rustup"))
    try:
        name = tomllib.loads((home / "settings.toml").read_text()).get("default_toolchain", "")
    except (OSError, ValueError):
        return program
    return home / "toolchains" / name / "bin" / language.program if re.fullmatch(r"[\w.-]+", str(name)) else program
