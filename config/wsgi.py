import os
import re
from typing import Any

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")
_django = get_wsgi_application()
_BOUNDARY = re.compile(r";\s*boundary=(\"?)([\w'()+,./:=?-]{1,70})\1\s*(?:;|\Z)", re.ASCII)


def application(environ: dict[str, Any], start_response: Any) -> Any:
    """Of a Content-Type only the media type is read, and of a form its boundary: all is UTF-8.

    Django would decode the query string with any codec of Python's that a caller names, and fail before the first
    middleware where there is none.
    """
    if given := environ.get("CONTENT_TYPE"):
        kind = given.partition(";")[0].strip()
        boundary = _BOUNDARY.search(given) if kind.startswith("multipart/") else None
        environ["CONTENT_TYPE"] = f'{kind}; boundary="{boundary[2]}"' if boundary else kind
    return _django(environ, start_response)
