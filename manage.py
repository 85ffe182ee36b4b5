#!/usr/bin/env python
import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.development")
    try:
        execute_from_command_line(sys.argv)
    except (
        ImproperlyConfigured
    ) as refused:  # a setting that will not do: the sentence says which, a traceback would hide it
        sys.exit(f"FAIL configuration: {refused}")
