"""A worker of the front door: started by the server, `<descriptor of the link>` is its only argument."""

import asyncio
import sys

import uvloop

from .worker import serve


def main() -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(int(sys.argv[1])))


if __name__ == "__main__":
    main()
