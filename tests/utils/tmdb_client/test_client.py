import gzip
import json
import logging
import os
import socket
import threading
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime

import pytest
from prometheus_client import REGISTRY

from tests.fake_tmdb import FAULTS
from tests.utils.tmdb_client.asking import DEADLINE, OVERRUN, READ_TOKEN, client_of, error_of, outcome_of
from utils.tmdb_client import (
    TMDbClient,
    TMDbGone,
    TMDbRefused,
    TMDbUnauthorised,
    TMDbUnavailable,
    tmdb,
    tmdb_for_jobs,
)
from utils.tmdb_client.client import LISTINGS
from utils.tmdb_client.limits import Breaker, RateLimit
from utils.tmdb_client.records import Page

API_KEY = "0123456789abcdef0123456789abcdef"
OUTCOMES = {  # of every fault that does not end in TMDbUnavailable
    "unauthorized": TMDbUnauthorised,
    "stray_gzip": Page,
    "false_gzip": Page,
    "nulls": Page,
}
OPTIONS = {"latency": {"seconds": 2}, "drip": {"interval": 0.02}}


# --- Every call ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LISTINGS)
def test_every_listing_is_a_page_of_films(server, name):
    page = client_of(server).listing(name)
    assert page.results
    assert page.page == 1


def test_the_other_calls_answer_in_records(server):
    client = client_of(server)
    details = client.details(1)
    assert details.summary.tmdb_id == 1
    assert None not in (details.keywords, details.credits, details.videos, details.releases, details.offers)
    assert client.person(details.credits[0].tmdb_id).name == details.credits[0].name
    assert client.find_imdb(details.imdb_id).tmdb_id == 1
    assert client.find_imdb("tt99999999") is None
    assert client.search(details.summary.title).results
    assert client.discover({"sort_by": "popularity.desc"}, 2).page == 2
    assert client.similar(1).page == 1
    assert client.genres()
    assert {mark.country for mark in client.certifications()} >= {"US"}
    today = datetime.now(UTC).date()
    assert client.changes(today - timedelta(days=1), today).page == 1
    assert client.check() is None


def test_a_film_in_full_is_one_request(server):
    client_of(server).details(1)
    assert server.calls() == 1


def test_a_film_that_is_gone_is_an_answer(server):
    assert type(error_of(lambda: client_of(server).details(10**6))) is TMDbGone
    assert server.calls() == 1


@pytest.mark.parametrize("page", [0, -1, 501])
def test_a_page_that_tmdb_refuses_is_not_asked_for(server, page):
    client = client_of(server)
    with pytest.raises(ValueError, match="pages 1 to 500"):
        client.listing("popular", page)
    assert server.calls() == 0


@pytest.mark.parametrize("tmdb_id", [0, -1, 2**31])
def test_an_id_that_no_film_can_have_is_not_asked_for(server, tmdb_id):
    with pytest.raises(ValueError, match="no TMDb id"):
        client_of(server).details(tmdb_id)


def test_a_search_survives_any_text(server):
    query = "R&B=100%? \ud800 né\x00"
    client_of(server).search(query)
    assert server.requests[0].query["query"] == "R&B=100%? ? né\x00"


def test_filters_may_have_any_name_and_turn_no_page(server):
    client_of(server).discover({"page": "9", "path": "/x", "vote_count.gte": "5"}, 2)
    query = {"page": "2", "path": "/x", "vote_count.gte": "5", "include_adult": "false", "language": "en-US"}
    assert server.requests[0].query == query


def test_the_language_and_region_of_the_client_are_asked_for(server):
    client_of(server, language="de-DE", region="DE").listing("upcoming")
    assert server.requests[0].query == {"language": "de-DE", "region": "DE", "page": "1"}


# --- Faults ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_ends_in_time_in_the_right_way(server, fault):
    server.fault(fault, **OPTIONS.get(fault, {}))
    result, seconds = outcome_of(lambda: client_of(server).listing("popular"))
    assert isinstance(result, OUTCOMES.get(fault, TMDbUnavailable))
    assert seconds < DEADLINE + OVERRUN


@pytest.mark.parametrize("fault", ["server_error", "reset", "html", "two_documents", "nan", "wrong_types"])
def test_a_fault_of_theirs_is_repeated_as_often_as_allowed(server, fault):
    server.fault(fault)
    assert isinstance(error_of(lambda: client_of(server, attempts=3).listing("popular")), TMDbUnavailable)
    assert server.calls() == 3


def test_a_passing_fault_is_not_seen(server):
    server.fault("server_error", times=1)
    assert client_of(server).listing("popular").results
    assert server.calls() == 2


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, 22, TMDbRefused),
        (422, 20, TMDbRefused),
        (405, 4, TMDbRefused),
        (401, 3, TMDbUnauthorised),
        (403, None, TMDbUnauthorised),
        (200, 35, TMDbUnauthorised),
        (404, None, TMDbGone),
        (200, 34, TMDbGone),
    ],
)
def test_an_answer_that_would_be_the_same_again_is_not_asked_twice(server, status, code, error):
    server.answer("/movie/popular", status, {"success": False, "status_code": code})
    assert type(error_of(lambda: client_of(server).listing("popular"))) is error
    assert server.calls() == 1


def test_a_404_that_is_not_from_tmdb_says_nothing_of_the_film(server):
    server.answer("/movie/1", 404, "<html>no such page</html>", {"content-type": "text/html"})
    assert isinstance(error_of(lambda: client_of(server).details(1)), TMDbUnavailable)


def test_a_dead_port_is_unavailable_at_once(server):
    client = client_of(server)
    client.listing("popular")
    server.stop()
    error, seconds = outcome_of(lambda: client.listing("popular"))
    assert isinstance(error, TMDbUnavailable)
    assert seconds < DEADLINE + OVERRUN
    server.start()
    assert client.listing("popular").results


def test_headers_that_drip_do_not_outlive_the_deadline(server):
    server.fault("drip", interval=0.02)
    error, seconds = outcome_of(lambda: client_of(server, attempts=1, read_timeout=5.0).genres())
    assert isinstance(error, TMDbUnavailable)
    assert DEADLINE - 0.1 < seconds < DEADLINE + OVERRUN


def test_a_title_with_half_a_surrogate_pair_does_not_cost_the_page(server):
    body = '{"page": 1, "results": [{"id": 7, "title": "A \\ud83d film"}, {"id": 8, "title": "B"}]}'
    server.answer("/movie/popular", 200, body)
    assert [film.title for film in client_of(server).listing("popular").results] == ["A \ufffd film", "B"]


def test_a_redirect_is_not_followed_and_its_body_not_read(server):
    server.answer("/movie/popular", 302, b"x" * 2**20, {"location": server.url + "/movie/upcoming"})
    assert isinstance(error_of(lambda: client_of(server, attempts=1).listing("popular")), TMDbUnavailable)
    assert server.calls("/movie/upcoming") == 0


# --- Retry-After -----------------------------------------------------------------------------------


def test_retry_after_is_waited_for_where_there_is_time(server):
    server.fault("too_many", times=1, retry_after=1)
    page, seconds = outcome_of(lambda: client_of(server, deadline=3.0).listing("popular"))
    assert isinstance(page, Page)
    assert 1.0 <= seconds < 1.5


def test_retry_after_may_be_a_date(server):
    when = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    server.fault("too_many", retry_after=when)
    error = error_of(lambda: client_of(server).listing("popular"))
    assert 28 < error.retry_after <= 30


@pytest.mark.parametrize(("told", "heard"), [(20, 20.0), (10**8, 3600.0)])
def test_a_wait_past_the_deadline_is_left_to_the_caller(server, told, heard):
    server.fault("too_many", retry_after=told)
    error, seconds = outcome_of(lambda: client_of(server).listing("popular"))
    assert isinstance(error, TMDbUnavailable)
    assert error.retry_after == heard
    assert seconds < 0.3
    assert server.calls() == 1


@pytest.mark.parametrize("nonsense", ["soon", "-5", "1e9", "", "Thu, 99 Foo 2026", "Wed, 21 Oct 2015 07:28:00 GMT"])
def test_a_retry_after_of_nonsense_or_of_the_past_is_no_wait(server, nonsense):
    server.fault("too_many", retry_after=nonsense)
    error, seconds = outcome_of(lambda: client_of(server).listing("popular"))
    assert isinstance(error, TMDbUnavailable)
    assert 0 <= error.retry_after <= 5
    assert seconds < DEADLINE
    assert server.calls() == 2


# --- Secrets and connections -----------------------------------------------------------------------


@pytest.mark.parametrize("secret", [READ_TOKEN, API_KEY])
def test_no_log_error_or_repr_holds_the_secret(server, caplog, secret):
    caplog.set_level(logging.DEBUG)
    texts = []
    for fault in sorted(set(FAULTS) - {"huge", "gzip_bomb"}):
        server.fault(fault, **OPTIONS.get(fault, {}))
        client = client_of(server, token=secret, attempts=2, deadline=0.3, breaker=Breaker())
        error = error_of(lambda client=client: client.listing("popular"))
        texts += [repr(error), str(error), repr(client), repr(vars(client)), repr(getattr(error, "__context__", None))]
        server.heal()
    server.stop()
    texts.append(repr(error_of(client.genres)))
    assert any("urllib3" in record.name for record in caplog.records)
    assert secret not in caplog.text + "".join(texts)


@pytest.mark.parametrize(("secret", "in_header"), [(READ_TOKEN, True), (API_KEY, False)])
def test_each_kind_of_credential_goes_where_tmdb_takes_it(server, secret, in_header):
    client_of(server, token=secret).listing("popular")
    [request] = server.requests
    assert request.headers.get("authorization") == (f"Bearer {secret}" if in_header else None)
    assert request.query.get("api_key") == (None if in_header else secret)


def test_a_credential_that_no_header_can_carry_is_refused_unshown(server):
    with pytest.raises(ValueError, match="credential") as caught:
        client_of(server, token="sécret\nX: y")
    assert "cret\n" not in str(caught.value)


def counted_server(body):
    """A server that counts the connections made to it."""
    listener = socket.create_server(("127.0.0.1", 0))
    connections = []

    def serve(connection):
        with connection:
            while connection.recv(65536):
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    def accept():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connections.append(connection)
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener, connections


def test_a_connection_is_used_again():
    listener, connections = counted_server(b'{"genres": []}')
    with listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/3"
        client = TMDbClient(base_url=url, token=READ_TOKEN, limit=RateLimit(100, with_redis=False))
        for _ in range(5):
            client.genres()
        assert len(connections) == 1


# --- The daily file --------------------------------------------------------------------------------


def yesterday():
    return datetime.now(UTC).date() - timedelta(days=1)


def raw_export(body):
    listener, _ = counted_server(body)
    return listener, f"http://127.0.0.1:{listener.getsockname()[1]}/p/exports"


def test_the_export_is_every_film_and_the_secret_stays_at_home(server):
    lines = list(client_of(server).export_ids(yesterday()))
    assert len(lines) > 40
    assert all(line.tmdb_id and line.title for line in lines)
    assert "authorization" not in server.requests[0].headers
    assert "api_key" not in server.requests[0].query


def test_a_day_without_an_export_is_gone(server):
    with pytest.raises(TMDbGone):
        next(client_of(server).export_ids(date(2001, 1, 1)))


def test_unreadable_lines_of_an_export_are_skipped_and_counted(server, caplog):
    good = [json.dumps({"id": number, "original_title": "A film"}) for number in range(1, 6)]
    listener, url = raw_export(gzip.compress("\n".join([*good[:3], "{oops", '{"id": 0}', "", *good[3:]]).encode()))
    with listener:
        lines = list(client_of(server, exports_url=url).export_ids(yesterday()))
    assert [line.tmdb_id for line in lines] == [1, 2, 3, 4, 5]
    assert "2 of 7 lines" in caplog.text


@pytest.mark.parametrize(
    "body", [b"<html>\n<body>\n</html>", gzip.compress(b"")], ids=["a page of HTML", "an empty file"]
)
def test_a_file_that_lists_no_films_is_a_fault(server, body):
    listener, url = raw_export(body)
    with listener, pytest.raises(TMDbUnavailable):
        list(client_of(server, exports_url=url).export_ids(yesterday()))


def test_an_export_cut_short_is_a_fault_at_its_end(server):
    whole = gzip.compress(b'{"id": 1, "original_title": "A film"}\n' * 1000)
    listener, url = raw_export(whole[:-20])
    with listener, pytest.raises(TMDbUnavailable):
        list(client_of(server, exports_url=url).export_ids(yesterday()))


# --- The process's clients -------------------------------------------------------------------------


def test_without_a_credential_there_is_no_client(settings):
    settings.TMDB_READ_TOKEN = settings.TMDB_API_KEY = ""
    assert tmdb() is None
    assert tmdb_for_jobs() is None


def test_the_clients_of_a_process_are_made_once_for_the_same_settings(settings, server):
    settings.REDIS_URL = ""
    settings.TMDB_BASE_URL, settings.TMDB_API_KEY = server.url, API_KEY
    first = tmdb()
    assert first is tmdb()
    assert first is not tmdb_for_jobs()
    assert tmdb_for_jobs() is tmdb_for_jobs()
    assert first.genres() == tmdb_for_jobs().genres()
    settings.TMDB_LANGUAGE = "de-DE"
    assert tmdb() is not first


def test_a_forked_process_speaks_over_sockets_of_its_own(settings, server):
    settings.REDIS_URL = ""
    settings.TMDB_BASE_URL, settings.TMDB_API_KEY = server.url, API_KEY
    mine = tmdb()
    genres = mine.genres()
    child = os.fork()
    if child == 0:  # every way out of the child must be os._exit: it is a copy of the whole test run
        try:
            os._exit(0 if tmdb() is not mine and tmdb().genres() == mine.genres() == genres else 1)
        except BaseException:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert mine.genres() == genres


def test_what_was_sent_is_counted_by_endpoint_and_outcome(server):
    def count(outcome):
        labels = {"endpoint": "person", "outcome": outcome}
        return REGISTRY.get_sample_value("marquee_tmdb_requests_total", labels) or 0

    gone, throttled = count("gone"), count("throttled")
    client = client_of(server)
    error_of(lambda: client.person(10**8))
    server.fault("too_many_silent")
    error_of(lambda: client.person(1))
    assert count("gone") - gone == 1
    assert count("throttled") - throttled == 2
