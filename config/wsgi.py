import os
import re
from typing import Any

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")
_django = get_wsgi_application()
_CHARSET = re.compile(r';\s*charset\s*=\s*("[^"]*"|[^;]*)', re.IGNORECASE)


def application(environ: dict[str, Any], start_response: Any) -> Any:
    """All is UTF-8. Django would decode the query string with any codec of Python's that a Content-Type names, and fail
    before the first middleware where that is none for texts."""
    if media_type := environ.get("CONTENT_TYPE"):
        environ["CONTENT_TYPE"] = _CHARSET.sub("", media_type)
    return _django(environ, start_response)
