"""Reads the files of a folder as uploads; prints the most memory that took, and what was taken before, in MiB."""

import re
import sys
from pathlib import Path

import django


def most():
    """What getrusage() tells is inherited from whoever started this process."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) // 1024


def main(folder):
    django.setup()
    from rest_framework.exceptions import ValidationError

    from apps.favorites.transfer.services import file_read
    from utils.exceptions import ApplicationError

    idle = most()
    for path in sorted(folder.iterdir()):
        try:
            file_read(name=path.name.partition(" ")[2], data=path.read_bytes())
        except (ValidationError, ApplicationError):
            continue
    sys.stdout.write(f"{idle} {most()}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
