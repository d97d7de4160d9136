"""Start-up savings, to be imported before everything else: every sandbox pays for what the bridge imports.

aiohttp loads the machine's certificates as it is imported (45 ms, 3 MB), and the bridge speaks no TLS. structlog loads
rich where it is installed (35 ms, 5 MB), for tracebacks that nobody sees here. pydantic looks through all installed
packages for plugins. Together a third of the start.
"""

import os
import sys

_UNUSED = ("rich",)


def trim() -> None:
    certificates = {name: os.environ.pop(name, None) for name in ("SSL_CERT_FILE", "SSL_CERT_DIR")}
    os.environ["SSL_CERT_FILE"] = os.environ["SSL_CERT_DIR"] = os.devnull
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
    for name in _UNUSED:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]
    import aiohttp.web  # noqa: F401
    import structlog  # noqa: F401

    for name, value in certificates.items():
        del os.environ[name]
        if value is not None:
            os.environ[name] = value
    for name in _UNUSED:
        if sys.modules.get(name) is None:
            del sys.modules[name]


trim()
