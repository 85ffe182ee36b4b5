import io
import logging
import logging.config

import orjson
import pytest

from utils.logs import logging_of, redacted

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.q1w2e3r4"


@pytest.fixture
def lines():
    """What a logger of this form writes; the suite's own logging is put back afterwards."""
    root = logging.getLogger()
    before = root.handlers[:], root.level

    def written(form, log):
        logging.config.dictConfig(logging_of(form=form, level="INFO"))
        stream = io.StringIO()
        logging.getLogger().handlers[0].setStream(stream)
        log(logging.getLogger("tests.logs"))
        return stream.getvalue().splitlines()

    yield written
    root.handlers[:], root.level = before


def test_a_line_of_json_says_when_who_and_what(lines):
    (line,) = lines("json", lambda logger: logger.warning("seen %d times", 3, extra={"route": "/api/"}))
    told = orjson.loads(line)
    assert told["timestamp"].endswith("Z")
    assert (told["level"], told["logger"], told["event"]) == ("warning", "tests.logs", "seen 3 times")
    assert told["route"] == "/api/"


def test_a_traceback_is_part_of_its_line(lines):
    def fail(logger):
        try:
            raise ValueError("of ann@example.org")
        except ValueError:
            logger.exception("failed")

    (line,) = lines("json", fail)
    told = orjson.loads(line)
    assert "ValueError: of [email]" in told["exception"]


@pytest.mark.parametrize("form", ["json", "lines"])
@pytest.mark.parametrize(
    ("private", "shown"),
    [
        ("key (email)=(ann.b+c@mail.example.org) exists", "key (email)=([email]) exists"),
        (f"Bearer {TOKEN} was refused", "Bearer [token] was refused"),
        ("postgres://marquee:hunter2@db:5432/x is away", "postgres://[password]@db:5432/x is away"),
        ("https://app.example.org/reset-password#token=ab:c-d", "https://app.example.org/reset-password#token=[link]"),
        ("nothing private: 603 @ 12:00", "nothing private: 603 @ 12:00"),
    ],
)
def test_what_names_a_person_or_opens_a_door_is_not_written(lines, form, private, shown):
    (line,) = lines(form, lambda logger: logger.info("%s", private))
    assert shown in line
    assert redacted(private) == shown


def test_what_json_does_not_know_is_told_in_words(lines):
    (line,) = lines("json", lambda logger: logger.info("x", extra={"thing": {1, 2}}))
    assert orjson.loads(line)["thing"] == "{1, 2}"


def test_what_a_caller_looked_for_is_not_in_the_line_of_its_failure(lines, client):
    written = lines("json", lambda _: client.get("/nothing/?query=my-secret-wish"))
    assert [orjson.loads(line)["event"] for line in written] == ["request", "Not Found: /nothing/"]
    assert "my-secret-wish" not in str(written)


def test_what_a_job_was_given_is_not_in_its_line(lines):
    """Celery hangs a job's arguments on the line which says that it came; a mail's are an address."""
    given = {
        "data": {"kwargs": "{'email': 'ann@example.org', 'address': '203.0.113.9'}"},
        "told": [["b@c.example.org"]],
    }
    (line,) = lines("json", lambda logger: logger.info("Task received", extra=given))
    assert not [word for word in ("ann@", "203.0.113.9", "b@c") if word in line]


def test_a_long_path_costs_no_more_than_its_length():
    """Strangers choose it; the pattern of addresses once took time by its square."""
    assert redacted("a" * 1_000_000) == "a" * 1_000_000
