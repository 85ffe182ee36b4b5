"""Running the catalogue's commands in tests."""

from io import StringIO

from django.core.management import call_command


def run(command, *args, **options):
    """What a command prints, by name."""
    out = StringIO()
    call_command(command, *args, stdout=out, stderr=StringIO(), **options)
    return dict(line.rsplit(": ", 1) for line in out.getvalue().splitlines())


def asked(tmdb, prefix):
    """The paths below this one that were asked for, in their order."""
    return [request.path.removeprefix("/3") for request in tmdb.requests if request.path.startswith(f"/3{prefix}")]


def films_asked(tmdb):
    """The films whose pages were asked for."""
    return [int(path.rsplit("/", 1)[1]) for path in asked(tmdb, "/movie/") if path.rsplit("/", 1)[1].isdigit()]


def refuse(tmdb, path, query=None):
    """From here on our credential is not accepted at one path: the run stops there, as if it were interrupted."""
    body = {"success": False, "status_code": 7, "status_message": "Invalid API key."}
    tmdb.answer(path, 401, body, query=query)
