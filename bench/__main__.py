"""`python -m bench [NAME ...]`: run all benchmarks, or the named ones; fails when a target is missed."""

import importlib
import sys

from .harness import BENCHMARKS, report


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"{', '.join(unknown)}: no such benchmark. There are {', '.join(BENCHMARKS)}.", file=sys.stderr)
        return 2
    met = True
    for name in names or BENCHMARKS:
        try:
            benchmark = importlib.import_module(f"bench.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"bench.{name}":
                raise
            continue
        print(f"measuring {name}", flush=True)
        met = report(name, benchmark.run()) and met
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
