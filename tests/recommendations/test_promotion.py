import logging
from datetime import timedelta
from functools import partial
from io import StringIO

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from apps.authentication.models import User
from apps.favorites.models import Favorite
from apps.movies.models import Movie
from apps.recommendations import jobs, serving
from apps.recommendations.artifacts import MANIFEST
from apps.recommendations.models import ModelVersion
from apps.recommendations.promotion import (
    MIN_JUDGED,
    ModelArtifactCorrupt,
    NothingToRollBackTo,
    errors_above,
    lift_of,
    model_activate,
    model_roll_back,
)
from apps.recommendations.serving import active_model, artifact_of
from apps.recommendations.training import KEPT_ARTIFACTS, train
from tests.recommendations.shown import show

QUICK = ["knn", "co_favorited"]
N_USERS, N_CAMPS, FILMS_A_CAMP, LIKES_EACH = 120, 4, 20, 12
BEGINNING = timezone.now() - timedelta(days=100)


def users_make():
    ids = [User(kind=User.Kind.SIMULATED, alias=f"u:{n}", is_active=False, password="!") for n in range(N_USERS)]
    return User.objects.bulk_create(ids)


@pytest.fixture
def taste(db):
    """Users of four camps, who like the films of their own, the first of each camp the most."""
    rng = np.random.default_rng(1)
    films = [Movie(tmdb_id=n + 1, title=f"Film {n}", language="en") for n in range(N_CAMPS * FILMS_A_CAMP)]
    for film in films:
        film.set_search_text()
    films = rng.permutation(Movie.objects.bulk_create(films)).tolist()  # no engine learns from the order of the rows
    appeal = 1 / (1 + np.arange(FILMS_A_CAMP))
    likes = []
    for number, user in enumerate(users_make()):
        own = films[number % N_CAMPS :: N_CAMPS]
        for place in rng.choice(FILMS_A_CAMP, size=LIKES_EACH, replace=False, p=appeal / appeal.sum()):
            at = BEGINNING + timedelta(minutes=int(rng.integers(0, 60 * 24 * 90)))
            likes.append(Favorite(user=user, movie=own[place], created_at=at, updated_at=at))
    Favorite.objects.bulk_create(likes)


def shuffle_likes():
    """Give every like to somebody else: films are liked as often as before and when they were, and by anybody."""
    likes = list(Favorite.objects.all())
    Favorite.objects.all().delete()
    owners = np.random.default_rng(2).permutation([like.user_id for like in likes])
    given = {
        (int(owner), like.movie_id): Favorite(
            user_id=int(owner), movie_id=like.movie_id, created_at=like.created_at, updated_at=like.created_at
        )
        for owner, like in zip(owners, likes, strict=True)
    }
    Favorite.objects.bulk_create(given.values())


def train_popular(**options):
    return train(names=["popular"], **options).version


def truncate(version):
    path = artifact_of(version) / "popular" / "standing.npy"
    path.write_bytes(path.read_bytes()[:-8])


def status_of(version):
    version.refresh_from_db()
    return version.status


def test_a_model_that_knows_the_camps_is_promoted_with_figures(taste):
    version = train(names=QUICK).version
    verdict = version.card["verdict"]
    assert (status_of(version), verdict["promoted"], verdict["reason"]) == ("active", True, "better_than_popular")
    assert verdict["engine"] in QUICK
    assert verdict["ndcg"] == version.metrics[verdict["engine"]]["ndcg"] > verdict["popular"] > verdict["random"]
    assert verdict["difference"] == pytest.approx(verdict["ndcg"] - verdict["popular"])
    low, high = verdict["interval"]
    assert 0 < low < verdict["difference"] < high
    assert verdict["lift"] == pytest.approx(verdict["ndcg"] / verdict["popular"])
    assert verdict["active_lift"] is None


def test_a_model_of_shuffled_likes_is_rejected_with_figures_and_the_one_before_goes_on_answering(taste):
    good = train(names=QUICK).version
    shuffle_likes()
    report = train(names=QUICK)
    verdict = report.version.card["verdict"]
    assert report.is_new
    assert report.is_rejected
    assert (verdict["promoted"], verdict["reason"]) == (False, "not_better_than_popular")
    assert verdict["difference"] <= verdict["margin"]
    assert f"ndcg@10 {verdict['ndcg']:.4f}, popularity {verdict['popular']:.4f}" in verdict["sentence"]
    assert (status_of(report.version), status_of(good)) == ("rejected", "active")
    assert active_model().name == good.name


def test_a_first_model_of_shuffled_likes_does_not_answer_either(taste):
    shuffle_likes()
    assert train(names=QUICK).is_rejected
    assert active_model() is None


def show_lists(*, opened_of_own):
    """Two films of their own camp and two of others that each user had not liked, some of either opened."""
    films = list(Movie.objects.order_by("tmdb_id"))
    liked = set(Favorite.objects.values_list("user_id", "movie_id"))
    camp_of = {movie: user % N_CAMPS for user, movie in liked}  # users were made in one go, camp after camp
    for user in User.objects.order_by("pk"):
        new = [film for film in films if (user.pk, film.pk) not in liked and film.pk in camp_of]
        own = [film for film in new if camp_of[film.pk] == user.pk % N_CAMPS][:2]
        others = [film for film in new if camp_of[film.pk] != user.pk % N_CAMPS][:2]
        show([*own, *others], user=user, opened=[0, 1] if opened_of_own else [2, 3])


@pytest.mark.parametrize(
    ("opened_of_own", "reason"), [(True, "better_than_popular"), (False, "not_better_than_popular")]
)
def test_where_lists_were_shown_what_was_opened_of_them_decides_and_not_ndcg(taste, opened_of_own, reason):
    show_lists(opened_of_own=opened_of_own)
    version = train(names=QUICK).version
    verdict, metrics = version.card["verdict"], version.metrics
    assert (verdict["judged_by"], verdict["reason"]) == ("told_apart", reason)
    assert verdict["ndcg"] > verdict["popular"]  # by which it would be promoted either way
    assert verdict["told_apart"] == metrics[verdict["engine"]]["told_apart"]
    assert verdict["difference"] == pytest.approx(verdict["told_apart"] - verdict["popular_told_apart"])
    assert (verdict["lift"], lift_of(metrics)) == (None, None)
    assert "of films opened and passed over in a list" in verdict["sentence"]


def test_lists_are_judged_where_too_few_went_on_liking_films(taste):
    newcomers = User.objects.order_by("pk").values("pk")[: N_USERS // 5]  # the newest fifth of all likes is theirs
    Favorite.objects.filter(user__in=newcomers).update(created_at=timezone.now() - timedelta(days=1))
    show_lists(opened_of_own=True)
    card = train(names=QUICK).version.card
    verdict = card["verdict"]
    assert card["split"]["judged"] < MIN_JUDGED < card["split"]["shown"]
    assert (verdict["judged_by"], verdict["reason"]) == ("told_apart", "better_than_popular")


def test_the_best_of_many_has_to_be_further_above_popularity_than_the_only_one():
    assert errors_above(1) == pytest.approx(1)
    assert 1 < errors_above(2) < errors_above(11) == pytest.approx(2.15, abs=0.01)


@pytest.mark.parametrize(("tolerance", "status"), [(0.2, "rejected"), (0.6, "active")])
def test_a_model_may_lose_as_much_of_the_lead_over_popularity_as_is_tolerated(taste, settings, tolerance, status):
    settings.PROMOTION_TOLERANCE = tolerance
    before = train(names=QUICK).version
    before.metrics["popular"]["ndcg"] /= 2  # as if it had led by twice as much
    before.save()
    version = train(names=QUICK).version
    verdict = version.card["verdict"]
    assert verdict["active_lift"] == pytest.approx(2 * verdict["lift"])
    assert version.status == status
    assert verdict["reason"] == ("worse_than_active" if status == "rejected" else "better_than_popular")


@pytest.mark.parametrize(("names", "reason"), [(["popular"], "only_popular"), (QUICK, "too_few_judged")])
def test_what_cannot_be_judged_is_promoted_and_the_verdict_says_so(community, names, reason):
    version = train(names=names).version
    verdict = version.card["verdict"]
    assert (version.status, verdict["promoted"], verdict["reason"]) == ("active", True, reason)
    assert "unjudged" in verdict["sentence"]
    assert verdict["ndcg"] is verdict["interval"] is None


@pytest.mark.parametrize(
    ("popular", "n_users", "lift"), [(0.1, MIN_JUDGED, 2), (0.1, MIN_JUDGED - 1, None), (0, MIN_JUDGED, None)]
)
def test_a_lift_is_told_where_enough_were_judged_and_popularity_hit_anything(popular, n_users, lift):
    metrics = {"popular": {"ndcg": popular, "n_users": n_users}, "knn": {"ndcg": 0.2, "n_users": n_users}}
    assert lift_of(metrics) == lift


def test_the_card_tells_of_data_engines_baselines_and_segments(taste):
    version = train(names=QUICK).version
    card = version.card
    assert card["data"]["signals"] == N_USERS * LIKES_EACH
    assert card["data"]["since"] < card["split"]["cut"] < card["data"]["until"]
    assert [told["name"] for told in card["figures"]] == ["popular", "co_favorited", "knn", "random"]
    assert all(told["ndcg"] == version.metrics[told["name"]]["ndcg"] for told in card["figures"][:-1])
    assert [told["name"] for told in card["engines"]] == ["popular", "co_favorited", "knn"]
    assert card["engines"][-1]["params"]["member"] == "ease"
    assert [(segment["from"], segment["to"]) for segment in card["segments"]] == [(0, 4), (5, 19), (20, None)]
    assert sum(segment["users"] for segment in card["segments"]) == card["split"]["judged"] > MIN_JUDGED
    told = card["segments"][1]
    assert told["best"] in QUICK
    assert told["ndcg"].keys() == {"popular", "co_favorited", "knn", "random"}
    assert card["segments"][2] == {"from": 20, "to": None, "users": 0, "ndcg": {}, "best": None}


def test_segments_add_up_to_the_whole(taste):
    card = train(names=["knn"]).version.card
    whole = sum(segment["users"] * segment["ndcg"].get("knn", 0) for segment in card["segments"])
    figures = {told["name"]: told for told in card["figures"]}
    assert whole / card["split"]["judged"] == pytest.approx(figures["knn"]["ndcg"])


def test_what_was_rejected_is_not_trained_again_until_something_changes(taste, caplog):
    shuffle_likes()
    rejected = train(names=QUICK).version
    again = train(names=QUICK, if_changed=True)
    assert (again.version, again.is_new, again.is_rejected) == (rejected, False, True)
    assert train(names=[*QUICK, "genre_affinity"], if_changed=True).is_new
    Favorite.objects.first().delete()
    assert train(names=QUICK, if_changed=True).is_new


def test_the_job_says_so_when_it_rejects_and_does_not_fail(taste, caplog, monkeypatch):
    monkeypatch.setattr(jobs, "train", partial(train, names=QUICK))  # all twelve take as many seconds
    shuffle_likes()
    with caplog.at_level(logging.WARNING):
        jobs.train_models()
    assert f"model {ModelVersion.objects.get().name} does not answer. Rejected: " in caplog.text


def test_the_command_fails_where_the_model_is_rejected_and_tells_why(taste):
    shuffle_likes()
    out = StringIO()
    with pytest.raises(CommandError, match="is rejected; the one before it goes on answering"):
        call_command("train", engine=QUICK, stdout=out)
    assert "Rejected: " in out.getvalue()
    call_command("train", "--if-changed", engine=QUICK, stdout=out)
    assert "was rejected, and nothing has changed since" in out.getvalue()


def test_of_rejected_versions_the_newest_artifacts_are_kept_beside_those_that_answer(taste, settings):
    first, active = train_popular(), train_popular()
    shuffle_likes()
    rejected = [train(names=QUICK).version for _ in range(3)]
    assert {version.status for version in rejected} == {"rejected"}
    kept = {path.name for path in settings.ARTIFACT_ROOT.iterdir() if path.is_dir()}
    assert kept == {first.name, active.name, rejected[-1].name}
    assert len(kept) == KEPT_ARTIFACTS


def test_a_rejected_version_can_be_let_answer_all_the_same(taste):
    shuffle_likes()
    version = train(names=QUICK).version
    model_activate(version)
    assert active_model().name == version.name


def test_a_truncated_artifact_is_refused_and_the_active_version_stays(community):
    other, active = train_popular(), train_popular()
    truncate(other)
    with pytest.raises(ModelArtifactCorrupt, match=other.name):
        model_activate(other)
    assert (status_of(other), status_of(active)) == ("retired", "active")
    assert active_model().name == active.name


def test_rolling_back_costs_a_few_queries_however_many_have_answered_and_twice_is_back_again(
    community, django_assert_max_num_queries
):
    ModelVersion.objects.bulk_create(ModelVersion(name=f"v{n}", status="retired") for n in range(20))
    first, second, third = train_popular(), train_popular(), train_popular()
    with django_assert_max_num_queries(6):  # who answered; in a transaction: lock, retire, activate
        assert model_roll_back() == second
    assert [status_of(version) for version in (first, second, third)] == ["retired", "active", "retired"]
    assert active_model().name == second.name
    assert model_roll_back() == third


def test_rolling_back_passes_over_what_cannot_be_read(community):
    first, second, third = train_popular(), train_popular(), train_popular()
    truncate(second)
    assert model_roll_back() == first
    assert status_of(third) == "retired"


def test_where_nothing_can_be_read_there_is_nothing_to_roll_back_to_and_the_active_version_stays(community):
    first, second = train_popular(), train_popular()
    (artifact_of(first) / MANIFEST).unlink()
    with pytest.raises(NothingToRollBackTo):
        model_roll_back()
    assert status_of(second) == "active"


def test_a_rejected_version_is_not_rolled_back_to(taste):
    shuffle_likes()
    train(names=QUICK)
    train_popular()
    with pytest.raises(NothingToRollBackTo):
        model_roll_back()


def test_the_command_lists_activates_and_rolls_back(community):
    first, second = train_popular(), train_popular()

    def models(*words):
        out = StringIO()
        call_command("models", *words, stdout=out)
        return out.getvalue()

    assert [line.split()[:2] for line in models("list").splitlines()] == [
        [second.name, "active"],
        [first.name, "retired"],
    ]
    assert "Promoted unjudged" in models("list")
    assert models("rollback") == f"model {first.name} answers again\n"
    assert models("activate", second.name) == f"model {second.name} answers now\n"
    with pytest.raises(CommandError, match="there is no model nobody"):
        models("activate", "nobody")
    truncate(first)
    with pytest.raises(CommandError, match="No model that answered before can be read"):
        models("rollback")


def test_the_command_lists_nothing_before_the_first_training(db):
    out = StringIO()
    call_command("models", "list", stdout=out)
    assert out.getvalue() == "nothing trained yet\n"


def test_another_process_serves_what_was_activated_here(community, monkeypatch):
    first, second = train_popular(), train_popular()
    assert active_model().name == second.name
    elsewhere = serving._loaded
    model_activate(first)
    monkeypatch.setattr(serving, "_loaded", elsewhere)
    assert active_model().name == first.name
