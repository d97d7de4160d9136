"""The live-reload script, put into pages of a preview that is worked on."""

import re

SCRIPT_PATH = "/__firefly/live.js"
SCRIPT = f'<script src="{SCRIPT_PATH}" async></script>'.encode()
_BODY_END = re.compile(rb"</body\s*>", re.IGNORECASE)


def inject(page: bytes) -> bytes:
    """The script goes before the last </body>, or to the end where there is none."""
    ends = [found.start() for found in _BODY_END.finditer(page)]
    place = ends[-1] if ends else len(page)
    return page[:place] + SCRIPT + page[place:]
