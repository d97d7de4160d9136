"""Rust packages with a binary."""

from firefly.builds.analysis.plan import Cache, Part, Plan, Strategy
from firefly.builds.analysis.source import Source
from firefly.families.rust import LOCK, PACKAGE, binary

# What was compiled is not kept: Cargo goes by the times of files, and those in what is kept are told by their contents.
_CACHE = ".cargo-cache"
# Of what was compiled, all that nobody runs: most of it.
_CLEAR = "cd target/release && rm -rf build deps examples incremental .fingerprint"


def detect(source: Source) -> Plan | None:
    name = binary(source)
    if name is None:
        return None
    locked = " --locked" if source.has(LOCK) else ""
    keys = (PACKAGE, LOCK) if locked else (PACKAGE,)
    why = {
        "family": f"there is a {PACKAGE}",
        "build": f"{name} is its binary",
        "run": "that is what is built",
        "caches": "what is fetched depends on these files alone",
    }
    return Plan(
        Strategy.COMMANDS, "Rust", "rust",
        build=(f'CARGO_HOME="$PWD/{_CACHE}" cargo build --release{locked}', _CLEAR),
        run=(f"./target/release/{name}",), caches=(Cache(_CACHE, keys, Part.BUILD),), why=why,
    )  # fmt: skip
