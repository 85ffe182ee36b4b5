"""A newcomer's way through the product, from the first question to the last trace, at a server as it is run."""

import io
import json
import zipfile

import pytest

from tests.journey.server import until
from tests.journey.visitor import LISTS, PASSWORD, Visitor, films, list_id

# How many rows point at a user, by model and field.
ROWS = """
import json
from django.apps import apps
from apps.authentication.models import User
of = {{}}
for model in apps.get_models():
    for field in model._meta.concrete_fields:
        if field.related_model is User or model is User and field.primary_key:
            of[f"{{model.__name__}}.{{field.name}}"] = model._base_manager.filter(**{{field.attname: {pk}}}).count()
print(json.dumps({{name: count for name, count in of.items() if count}}))
"""


@pytest.fixture
def newcomer(server):
    return Visitor(server).register()


def say(visitor, body, film, kind):
    told = {"recommendation_id": list_id(body), "tmdb_id": film, "kind": kind}
    return visitor.ask("POST", f"{LISTS}feedback/", told)["data"]


def shown_at_home(visitor):
    rows = visitor.get(f"{LISTS}home/")["data"]["rows"]
    assert rows
    return [film for row in rows for film in films({"data": row["items"]})]


def rows_of(server, visitor):
    """How many rows of each model speak of the visitor."""
    return json.loads(server.shell(ROWS.format(pk=visitor.pk)))


def exported(visitor):
    """The files of the export, by name."""
    answer = visitor.send("GET", "auth/export/")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        return {name: json.loads(archive.read(name)) for name in archive.namelist() if name.endswith(".json")}


def films_of(lists):
    return {film for row in lists for film in row["films"]}


def test_a_newcomer_is_led_from_the_first_question_to_films_of_their_own_and_leaves_no_trace(server, newcomer):
    # The first questions, and what comes of the answers.
    asked = [card["tmdb_id"] for card in newcomer.get(f"{LISTS}onboarding/")["data"]]
    assert len(set(asked)) == len(asked) == 10
    told = [
        {"tmdb_id": film, "answer": answer}
        for film, answer in zip(asked, ["liked"] * 3 + ["disliked", "unseen"], strict=False)
    ]
    first = newcomer.ask("POST", f"{LISTS}onboarding/", {"answers": told})
    answered = {"data": first["data"]["recommendations"], "meta": first["meta"]}
    assert (first["data"]["liked"], first["data"]["disliked"]) == (asked[:3], asked[3:4])
    assert answered["meta"]["personalised"]
    assert not set(films(answered)) & set(asked[:4])

    # Home, and a list to page through.
    home = shown_at_home(newcomer)
    assert len(set(home)) == len(home)
    page = newcomer.get(LISTS, per_page=10)
    assert page["meta"]["model_version"]
    liked, dismissed = films(page)[:2]
    assert say(newcomer, page, liked, "liked")["rank"] == 1
    assert say(newcomer, page, dismissed, "dismissed")["rank"] == 2
    following = newcomer.get(LISTS, recommendation_id=list_id(page), page=2, per_page=10)
    assert len(films(following)) == 10
    assert not set(films(following)) & set(films(page))
    anew = newcomer.get(LISTS, per_page=100)
    assert list_id(anew) != list_id(page)
    assert not {liked, dismissed} & {*films(anew), *shown_at_home(newcomer)}

    # Why, and why not.
    why = newcomer.get(f"{LISTS}explain/{films(anew)[0]}/")["data"]
    assert (why["would_show"], why["rank"], why["held_back"]) == (True, 1, [])
    why_not = newcomer.get(f"{LISTS}explain/{dismissed}/")["data"]
    assert not why_not["would_show"]
    assert [(each["ground"], each["detail"]) for each in why_not["held_back"]] == [("library", "hidden")]
    alike = films(newcomer.get(f"{LISTS}similar/{liked}/"))
    assert alike
    assert not {liked, dismissed} & set(alike)

    # All of it is theirs to take along, and goes with them.
    shown = {*films(page), *films(following)}
    until(lambda: films_of(exported(newcomer)["recommendations.json"]) >= shown, "what each process has still to write")
    feedback = exported(newcomer)["recommendation_feedback.json"]
    assert {(row["movie__tmdb_id"], row["kind"]) for row in feedback} == {
        (liked, "liked"),
        (dismissed, "dismissed"),
    }
    assert {"User.id", "RecommendationList.user", "Feedback.user"} <= rows_of(server, newcomer).keys()
    assert newcomer.send("DELETE", "auth/me/", json={"password": PASSWORD}).status_code == 204
    for port in server.ports:
        assert newcomer.send("GET", LISTS, port=port).status_code == 401
    assert rows_of(server, newcomer) == {}
    assert server.kept_of(newcomer.pk) == []


def test_what_was_picked_without_an_account_is_there_once_there_is_one(server):
    visitor = Visitor(server)
    picked = [card["tmdb_id"] for card in visitor.get(f"{LISTS}onboarding/", n=5)["data"]][:3]
    first = visitor.ask("POST", f"{LISTS}session/", {"tmdb_ids": picked})
    assert not set(films(first)) & set(picked)
    session = {"tmdb_ids": picked, "session_id": first["meta"]["session_id"]}
    following = visitor.ask("POST", f"{LISTS}session/", session | {"recommendation_id": list_id(first), "page": 2})
    assert not set(films(first)) & set(films(following))
    visitor.register()
    merged = visitor.ask("POST", f"{LISTS}session/merge/", session)["data"]
    assert merged == {"added": picked, "existing": [], "not_found": [], "unavailable": []}
    assert {row["movie"]["tmdb_id"] for row in visitor.get("favorites/")["data"]} == set(picked)
    assert not set(films(visitor.get(LISTS))) & set(picked)


def test_what_others_like_moves_a_list_without_a_training(server, newcomer):
    def last():
        body = newcomer.get(LISTS, algorithm="co_favorited", per_page=100)
        pages = range(2, body["pagination"]["pages"] + 1)
        rest = [newcomer.get(LISTS, recommendation_id=list_id(body), per_page=100, page=page) for page in pages]
        return body["meta"]["model_version"], [film for each in (body, *rest) for film in films(each)]

    seed = newcomer.get("movies/", ordering="popularity")["data"][0]["tmdb_id"]
    newcomer.ask("PUT", f"favorites/{seed}/")
    model, before = last()
    unlikely = before[-1]
    for _ in range(4):
        other = Visitor(server).register()
        for film in (seed, unlikely):
            other.ask("PUT", f"favorites/{film}/")
    server.job("recommendations.refresh")
    until(lambda: last()[1].index(unlikely) < len(before) / 2, "the fresh layer")
    assert last()[0] == model
