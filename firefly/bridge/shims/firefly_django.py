"""A Django project's own settings, and the preview's host with them: Django by itself accepts none but localhost.

Used by `manage.py runserver` in the workspace only. FIREFLY_DJANGO_SETTINGS names the project's module.
"""

import importlib
import os
from urllib.parse import urlsplit

_LOCAL = (".localhost", "127.0.0.1", "[::1]")
_own = importlib.import_module(os.environ["FIREFLY_DJANGO_SETTINGS"])
globals().update({name: getattr(_own, name) for name in dir(_own) if name.isupper()})

_preview = urlsplit(os.environ.get("FIREFLY_PREVIEW_URL", ""))
if _preview.hostname and getattr(_own, "DEBUG", False):
    ALLOWED_HOSTS = [*(getattr(_own, "ALLOWED_HOSTS", None) or _LOCAL), _preview.hostname]
    CSRF_TRUSTED_ORIGINS = [*getattr(_own, "CSRF_TRUSTED_ORIGINS", ()), f"{_preview.scheme}://{_preview.netloc}"]
