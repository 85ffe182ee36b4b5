"""Every kind of write, sent to one web process, shows in the very next answer of each."""

import pytest
import requests

from tests.journey.server import until
from tests.journey.visitor import LISTS, Visitor, films, list_id


@pytest.fixture(scope="module")
def viewer(server):
    """Somebody with three favorites."""
    viewer = Visitor(server).register()
    liked = [film["tmdb_id"] for film in viewer.get("movies/", per_page=3)["data"]]
    viewer.ask("POST", "favorites/bulk/", {"add": [{"tmdb_id": film} for film in liked]})
    return viewer


# Writes about a film, which is told by its card. Each takes the viewer and the card.


def put(shelf, **body):
    return lambda viewer, card: viewer.ask("PUT", f"{shelf}/{card['tmdb_id']}/", body)


def post(path, **body):
    return lambda viewer, card: viewer.ask("POST", path, {"tmdb_id": card["tmdb_id"]} | body)


def delete(shelf):
    return lambda viewer, card: viewer.ask("DELETE", f"{shelf}/{card['tmdb_id']}/")


def bulk_add(viewer, card):
    viewer.ask("POST", "favorites/bulk/", {"add": [{"tmdb_id": card["tmdb_id"]}]})


def bulk_remove(viewer, card):
    viewer.ask("POST", "favorites/bulk/", {"remove": [card["tmdb_id"]]})


def viewing_changed(viewer, card):
    viewer.ask("PATCH", f"history/{newest_viewing(viewer)}/", {"progress": 0.2})


def viewing_removed(viewer, card):
    viewer.ask("DELETE", f"history/{newest_viewing(viewer)}/")


def newest_viewing(viewer):
    return viewer.get("history/", per_page=1)["data"][0]["id"]


def history_cleared(viewer, card):
    viewer.ask("POST", "history/clear/", {})


def feedback(kind):
    def give(viewer, card):
        shown = {"recommendation_id": list_id(viewer.get(LISTS)), "tmdb_id": card["tmdb_id"]}
        viewer.ask("POST", f"{LISTS}feedback/", shown | {"kind": kind})

    return give


def preferences_changed(viewer, card):
    viewer.ask("PATCH", "preferences/", {"muted_genres": [genre["id"] for genre in card["genres"]]})


def preferences_replaced(viewer, card):
    viewer.ask("PUT", "preferences/", {"year_lte": card["year"] - 1})


def genre_liked(viewer, card):
    viewer.ask("PATCH", "preferences/", {"liked_genres": [card["genres"][0]["id"]]})


def preferences_reset(viewer, card):
    viewer.ask("POST", "preferences/reset/")


def answered(viewer, card):
    viewer.ask("POST", f"{LISTS}onboarding/", {"answers": [{"tmdb_id": card["tmdb_id"], "answer": "disliked"}]})


def merged(viewer, card):
    viewer.ask("POST", f"{LISTS}session/merge/", {"tmdb_ids": [card["tmdb_id"]]})


def imported(viewer, card):
    """A file that somebody else took along, with the film among their favorites."""
    other = Visitor(viewer.server).register()
    put("favorites")(other, card)
    file = other.send("GET", "library/export/", params={"format": "json"}).content
    begun = viewer.send("POST", "library/import/", files={"file": ("library.json", file)})
    assert begun.status_code == 202, begun.text
    job = f"library/import/{begun.json()['data']['id']}/"
    until(lambda: viewer.get(job)["data"]["state"] == "finished", "the import")


# What a write does to a film that stood first in the list before it.
GONE, THERE = "it is gone", "it is there, in a list that is new"
NOTHING = lambda viewer, card: None  # noqa: E731  # has to be written before

# By kind: what is written before, the write itself, and what it does.
WRITES = {
    "favorite put": (NOTHING, put("favorites"), GONE),
    "favorite posted": (NOTHING, post("favorites/"), GONE),
    "favorite deleted": (put("favorites"), delete("favorites"), THERE),
    "favorites added in bulk": (NOTHING, bulk_add, GONE),
    "favorites removed in bulk": (put("favorites"), bulk_remove, THERE),
    "rated": (NOTHING, put("ratings", value=8), GONE),
    "rating deleted": (put("ratings", value=8), delete("ratings"), THERE),
    "hidden": (NOTHING, put("hidden"), GONE),
    "shown again": (put("hidden"), delete("hidden"), THERE),
    "put on the watchlist": (NOTHING, put("watchlist"), THERE),
    "taken off the watchlist": (put("watchlist"), delete("watchlist"), THERE),
    "watched": (NOTHING, post("history/"), GONE),
    "watched in part": (NOTHING, post("history/", progress=0.5), THERE),
    "viewing changed": (post("history/"), viewing_changed, THERE),
    "viewing removed": (post("history/"), viewing_removed, THERE),
    "history cleared": (post("history/"), history_cleared, THERE),
    "opened": (NOTHING, feedback("opened"), THERE),
    "liked": (NOTHING, feedback("liked"), GONE),
    "dismissed": (NOTHING, feedback("dismissed"), GONE),
    "told to be watched": (NOTHING, feedback("watched"), GONE),
    "a genre liked": (preferences_reset, genre_liked, THERE),
    "preferences changed": (preferences_reset, preferences_changed, GONE),
    "preferences replaced": (preferences_reset, preferences_replaced, GONE),
    "preferences reset": (preferences_changed, preferences_reset, THERE),
    "questions answered": (NOTHING, answered, GONE),
    "session merged": (NOTHING, merged, GONE),
    "library imported": (NOTHING, imported, GONE),
}


@pytest.mark.parametrize("kind", WRITES)
def test_a_write_shows_in_the_very_next_answer_of_every_process(server, viewer, kind):
    before, write, effect = WRITES[kind]
    viewer.ask("POST", "preferences/reset/")
    card = viewer.get(LISTS)["data"][0]["movie"]
    before(viewer, card)
    kept = {list_id(viewer.get(LISTS, per_page=100, port=port)) for port in server.ports}
    homes = {port: home(viewer, port) for port in server.ports}
    write(viewer, card)
    for port in reversed(server.ports):  # last the one that got the first request of the test
        after = viewer.get(LISTS, per_page=100, port=port)
        assert list_id(after) not in kept
        assert (card["tmdb_id"] in films(after)) == (effect == THERE)
        rows = home(viewer, port)
        assert not rows.keys() & homes[port].keys()
        assert effect == THERE or card["tmdb_id"] not in {film for row in rows.values() for film in row}


def home(viewer, port):
    """The films of each row, by the id of its list."""
    rows = viewer.get(f"{LISTS}home/", port=port)["data"]["rows"]
    return {list_id(row): films({"data": row["items"]}) for row in rows}


def test_the_worker_tells_what_it_counts(server):
    if not server.has_worker:
        pytest.skip("a worker needs a Redis")
    told = requests.get(f"http://127.0.0.1:{server.worker_port}/metrics", timeout=10).text
    assert "marquee_redis_failures_total" in told
