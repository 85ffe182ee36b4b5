import logging
import shutil
from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from apps.favorites.models import Favorite
from apps.movies.models import Credit, Genre, Keyword, Movie, Person
from apps.recommendations import fresh as fresh_layers
from apps.recommendations import news
from apps.recommendations.artifacts import MANIFEST, ArtifactCorrupt
from apps.recommendations.catalogue import TOLD_OF_EACH_FILM, Catalogue
from apps.recommendations.dataset import training_data
from apps.recommendations.engines.co_favorited import CoFavorited
from apps.recommendations.engines.contract import NO_OPINION
from apps.recommendations.engines.matrix_factorization import MatrixFactorization
from apps.recommendations.engines.sequential import Sequential
from apps.recommendations.fresh import forget_layers, refresh, with_fresh_layer
from apps.recommendations.jobs import refresh_model
from apps.recommendations.models import Feedback, ModelVersion, RecommendationList
from apps.recommendations.profile import Caller
from apps.recommendations.serving import artifact_of, load
from apps.recommendations.widened import WidenedFactors, narrowed
from tests.factories import (
    FavoriteFactory,
    HiddenMovieFactory,
    MovieFactory,
    RatingFactory,
    UserFactory,
    ViewingFactory,
)
from tests.recommendations.community import FIRST_PK, UNLIKED

NEW_PK = FIRST_PK + 1000  # above every film that the training read
QUIET, LOUD = 0, 1  # the camps' keywords, by the number of the film


@pytest.fixture
def version(model, settings, tmp_path):
    """The community's model in a store of this test's own."""
    shutil.copytree(artifact_of(model), tmp_path / "own" / model.name)
    settings.ARTIFACT_ROOT = tmp_path / "own"
    return model


def refreshed(version):
    """The model with the layer that the job makes now."""
    refresh()
    version.refresh_from_db()
    return with_fresh_layer(load(version), version.fresh)


def layers(version):
    return sorted(path.name.removeprefix(version.name) for path in artifact_of(version).parent.glob("*-fresh-*"))


def arrive(camp, *, pk=NEW_PK, **values):
    """A film that comes after the training, with the genre and the keyword of a camp."""
    genre = Genre.objects.get(tmdb_id=(18, 28)[camp])
    film = MovieFactory(pk=pk, genres=[genre], **{"title": "Newcomer"} | values)  # a number would be like another film
    film.keywords.add(Keyword.objects.get(name=("quiet", "loud")[camp]))
    return film


def neighbour(model, film, other):
    """What the like of one film is worth to the other, by co-favorites."""
    places = model.catalogue.positions(np.array([film.pk, other.pk]))
    return model.engines["co_favorited"].neighbours[places[0], places[1]]


def test_what_others_like_since_moves_co_favorites_without_a_training(version, community, fan):
    first, second = community[UNLIKED[0]], community[UNLIKED[1]]
    for liker in UserFactory.create_batch(3):
        FavoriteFactory(user=liker, movie=community[0])
        FavoriteFactory(user=liker, movie=first)
    trained, fresh = load(version), refreshed(version)
    assert (trained.fresh, fresh.fresh) == (0, 1)
    caller = Caller.of(fan).profiles(fresh.catalogue)
    before, after = (model.engines["co_favorited"].score(caller)[0] for model in (trained, fresh))
    place, other = fresh.catalogue.positions(np.array([first.pk, second.pk]))
    assert before[place] == NO_OPINION < after[place]
    assert after[other] == NO_OPINION


def opened(*, user, movie, **values):
    shown = RecommendationList.objects.create(scenario="for_you", algorithm="popular")
    return Feedback.objects.create(list=shown, user=user, movie=movie, rank=1, kind="opened", **values)


KINDS = {
    "favorite": FavoriteFactory,
    "rating": lambda **who: RatingFactory(**who, value=9),
    "viewing of long ago": lambda **who: ViewingFactory(**who, watched_at=timezone.now() - timedelta(days=9000)),
    "hidden": HiddenMovieFactory,
    "opened": opened,
}


@pytest.mark.parametrize("tell", KINDS.values(), ids=KINDS)
def test_the_counts_are_those_that_a_training_would_make_now(version, community, tell):
    """By somebody whom the training knew, about a film that they liked then and others that they did not."""
    camper = Favorite.objects.order_by("pk").first()
    for film in {camper.movie, community[2], community[5], community[8]}:
        if tell is not FavoriteFactory or not Favorite.objects.filter(user=camper.user, movie=film).exists():
            tell(user=camper.user, movie=film)
    fresh, now = refreshed(version), training_data().dataset
    trained = CoFavorited().fit(now)
    np.testing.assert_array_equal(fresh.engines["co_favorited"].neighbours.toarray(), trained.neighbours.toarray())
    chain = Sequential(members=("markov",)).fit(now).chain
    np.testing.assert_allclose(fresh.engines["sequential"].chain.toarray(), chain.toarray(), rtol=1e-4)


def test_with_nothing_new_nothing_is_written(version, community):
    refresh()
    assert layers(version) == []
    FavoriteFactory(movie=community[0])
    refresh()
    (layer,) = artifact_of(version).parent.glob("*-fresh-*")
    written = (layer / MANIFEST).stat().st_mtime_ns
    for _ in range(3):
        refresh()
    version.refresh_from_db()
    assert (version.fresh, layers(version)) == (1, ["-fresh-1"])
    assert (layer / MANIFEST).stat().st_mtime_ns == written


def test_past_the_watermark_a_quiet_minute_costs_three_looks(version, community, django_assert_max_num_queries):
    FavoriteFactory(movie=community[0], created_at=timezone.now() - timedelta(hours=1))
    ModelVersion.objects.update(trained_at=timezone.now() - timedelta(hours=2))
    refresh()
    with django_assert_max_num_queries(4 + 2):  # the version, three looks; a lock and its release on PostgreSQL
        refresh()


def test_events_that_two_layers_read_count_once(version, community):
    FavoriteFactory(user=UserFactory(), movie=community[0])
    liker = FavoriteFactory(movie=community[0]).user
    FavoriteFactory(user=liker, movie=community[UNLIKED[0]])
    once = neighbour(refreshed(version), community[0], community[UNLIKED[0]])
    FavoriteFactory(movie=community[1])
    again = refreshed(version)
    assert again.fresh == 2
    assert neighbour(again, community[0], community[UNLIKED[0]]) == once


def test_what_is_taken_back_is_out_of_the_next_layer(version, community):
    liker = FavoriteFactory(movie=community[0]).user
    FavoriteFactory(user=liker, movie=community[UNLIKED[0]])
    assert neighbour(refreshed(version), community[0], community[UNLIKED[0]]) > 0
    Favorite.objects.filter(user=liker).delete()
    FavoriteFactory(movie=community[1])
    assert neighbour(refreshed(version), community[0], community[UNLIKED[0]]) == 0


def test_a_rating_that_was_changed_since_is_not_counted_again(version, community):
    camper = Favorite.objects.order_by("pk").first()
    long_ago = timezone.now() - timedelta(days=30)
    rating = RatingFactory(user=camper.user, movie=camper.movie, value=9, created_at=long_ago, updated_at=long_ago)
    before = load(version).engines["co_favorited"].audience.tolist()
    rating.value, rating.updated_at = 8, timezone.now()
    rating.save()
    FavoriteFactory(user=camper.user, movie=community[UNLIKED[0]])
    after = refreshed(version).engines["co_favorited"].audience.tolist()
    assert np.subtract(after, before).tolist() == [film == UNLIKED[0] for film in range(len(before))]


def test_a_film_that_was_opened_before_the_training_and_is_liked_since_counts_once(version, community):
    camper = Favorite.objects.order_by("pk").first().user
    film = community[UNLIKED[0]]
    opened(user=camper, movie=film, created_at=timezone.now() - timedelta(days=30))
    FavoriteFactory(user=camper, movie=film)
    assert (refreshed(version).engines["co_favorited"].audience == load(version).engines["co_favorited"].audience).all()


def test_a_film_that_came_since_is_recommended_for_what_it_is_about(version, community, fan):
    quiet, loud = arrive(QUIET), arrive(LOUD, pk=NEW_PK + 7)
    fresh = refreshed(version)
    assert fresh.catalogue.item_ids[-2:].tolist() == [quiet.pk, loud.pk]
    assert fresh.catalogue.tmdb_ids[-2:].tolist() == [quiet.tmdb_id, loud.tmdb_id]
    caller = Caller.of(fan).profiles(fresh.catalogue)
    scores = fresh.engines["content_based"].score(caller)[0]
    assert scores[-2] > scores[-1]
    place = len(scores) - 2
    (reasons,) = fresh.engines["content_based"].reasons(caller, np.array([place]))
    assert {int(fresh.catalogue.item_ids[reason.refs[0]]) for reason in reasons} <= {
        film.pk for film in community[:10:2]
    }
    nearest = fresh.catalogue.item_ids[fresh.engines["content_based"].similar_to(place)[0]]
    assert {(pk - FIRST_PK) % 2 for pk in nearest[:10].tolist()} == {QUIET}


def test_the_engines_that_do_not_know_it_rank_the_rest_as_before(version, community, fan):
    film = arrive(QUIET)
    FavoriteFactory(user=fan, movie=film)
    fresh, trained = refreshed(version), load(version)
    n_known = len(trained.catalogue.item_ids)
    wide = Caller.of(fan).profiles(fresh.catalogue)
    narrow = Caller.of(fan).profiles(trained.catalogue)
    assert wide.likes.nnz == narrow.likes.nnz + 1
    items = np.array([0, n_known, 3])
    others = trained.engines.keys() - {"co_favorited", "content_based", "sequential"}
    assert len(others) >= 6
    for name in others:
        new, old = fresh.engines[name], trained.engines[name]
        scores = new.score(wide)
        assert scores.shape == (1, n_known + 1)
        assert scores[0, n_known] == NO_OPINION
        np.testing.assert_array_equal(scores[:, :n_known], old.score(narrow))
        assert new.can_score(wide).tolist() == old.can_score(narrow).tolist()
        first, none, last = new.reasons(wide, items)
        assert ([first, last], none) == (old.reasons(narrow, items[[0, 2]]), [])
        assert (new.name, new.tier, new.personalised) == (old.name, old.tier, old.personalised)


def test_contributions_stay_with_the_likes_that_made_them(version, community, fan):
    FavoriteFactory(user=fan, movie=arrive(QUIET))
    fresh, trained = refreshed(version), load(version)
    wide, n_known = Caller.of(fan).profiles(fresh.catalogue), len(trained.catalogue.item_ids)
    items = np.array([n_known, 4, 20])
    added = fresh.engines["knn"].contributions(wide, items)
    assert not added[0].any()
    assert not added[:, -1].any()
    expected = trained.engines["knn"].contributions(narrowed(wide, n_known), items[1:])
    np.testing.assert_array_equal(added[1:, :-1], expected)


def test_stars_and_vectors_are_those_of_the_factors_and_none_for_a_new_film(version, community, fan):
    RatingFactory(user=fan, movie=community[1], value=4)
    arrive(QUIET)
    fresh, trained = refreshed(version), load(version)
    new, old = fresh.engines["matrix_factorization"], trained.engines["matrix_factorization"]
    assert isinstance(new, WidenedFactors)
    assert isinstance(old, MatrixFactorization)
    n_known = len(trained.catalogue.item_ids)
    np.testing.assert_array_equal(new.item_factors[:n_known], old.item_factors)
    assert not new.item_factors[n_known:].any()
    stars = new.predicted_ratings(Caller.of(fan).profiles(fresh.catalogue), np.array([n_known, 3]))
    expected = old.predicted_ratings(Caller.of(fan).profiles(trained.catalogue), np.array([3]))
    assert np.isnan(stars[0, 0])
    np.testing.assert_array_equal(stars[:, 1:], expected)


def test_without_new_films_no_engine_is_wrapped(version, community):
    FavoriteFactory(movie=community[0])
    fresh, trained = refreshed(version), load(version)
    assert {name: type(engine) for name, engine in fresh.engines.items()} == {
        name: type(engine) for name, engine in trained.engines.items()
    }


def test_a_film_that_is_told_of_more_gets_another_layer(version, community):
    film, director = arrive(QUIET), Person.objects.create(name="She")
    assert refreshed(version).fresh == 1
    Credit.objects.create(movie=film, person=director, kind="crew", role="Director", order=0)
    Movie.objects.filter(pk=film.pk).update(detailed_at=timezone.now(), title="Film 4")
    fresh = refreshed(version)
    assert fresh.fresh == 2
    assert fresh.engines["content_based"].similar_to(len(fresh.catalogue.item_ids) - 1)[0][0] == 4


def test_a_new_film_among_the_old_keys_waits_for_the_next_training(version, community):
    MovieFactory(pk=FIRST_PK - 1)
    refresh()
    assert layers(version) == []


def test_the_catalogue_filters_new_films_by_what_is_told_of_them(version, community):
    arrive(LOUD, language="fr", runtime=77)
    fresh, now = refreshed(version).catalogue, Catalogue.from_tables()
    for name in TOLD_OF_EACH_FILM:
        np.testing.assert_array_equal(getattr(fresh, name), getattr(now, name))
    np.testing.assert_array_equal(fresh.item_genres.toarray(), now.item_genres.toarray())


def test_films_of_tmdb_are_not_read_where_the_terms_forbid_it(version, community, settings):
    arrive(QUIET)
    settings.TRAIN_ON_TMDB_CONTENT = False
    fresh = refreshed(version)
    assert len(fresh.catalogue.item_ids) == len(community) + 1
    scores = fresh.engines["content_based"].score(Caller().in_session([community[0].pk]).profiles(fresh.catalogue))
    assert scores[0, -1] == NO_OPINION


def test_a_corrupt_layer_is_refused(version, community):
    FavoriteFactory(movie=community[0])
    refresh()
    path = artifact_of(version).parent / f"{version.name}-fresh-1" / "co_favorited" / "audience.npy"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ArtifactCorrupt):
        with_fresh_layer(load(version), 1)
    with pytest.raises(ArtifactCorrupt):
        with_fresh_layer(load(version), 2)  # which is not there


def test_the_two_newest_layers_are_kept_and_all_are_forgotten_with_their_version(version, community):
    for film in community[:4]:
        FavoriteFactory(movie=film)
        refresh()
    assert layers(version) == ["-fresh-3", "-fresh-4"]
    forget_layers(version)
    assert layers(version) == []
    refresh()  # as after going back to a version
    assert layers(version) == ["-fresh-5"]


def test_a_layer_that_was_written_but_never_named_is_passed_over(version, community):
    """A worker died between the two."""
    FavoriteFactory(movie=community[0])
    refresh()
    ModelVersion.objects.update(fresh=0, fresh_at=None)
    assert refreshed(version).fresh == 2


def test_a_version_that_is_no_longer_active_gets_no_number(version, community, monkeypatch):
    def deposed(*args):
        ModelVersion.objects.update(status="retired")
        return written(*args)

    written = fresh_layers._write
    monkeypatch.setattr(fresh_layers, "_write", deposed)
    FavoriteFactory(movie=community[0])
    refresh()
    version.refresh_from_db()
    assert version.fresh == 0


def test_a_flood_of_events_waits_for_the_next_training(version, community, monkeypatch, caplog):
    monkeypatch.setattr(news, "MOST_EVENTS", 2)
    for film in community[:3]:
        FavoriteFactory(movie=film)
    with caplog.at_level(logging.WARNING):
        refresh()
    assert "wait for the next training" in caplog.text
    assert layers(version) == []


def test_of_a_flood_of_films_the_first_are_taken(version, community, monkeypatch):
    monkeypatch.setattr(news, "MOST_FILMS", 2)
    films = [arrive(QUIET, pk=NEW_PK + number) for number in range(3)]
    assert refreshed(version).catalogue.item_ids[len(community) :].tolist() == [film.pk for film in films[:2]]


def test_before_the_first_training_and_without_its_artifact_the_job_has_nothing_to_do(community, caplog):
    refresh_model()
    ModelVersion.objects.create(name="gone", status="active")
    refresh_model()
    assert "model gone gets no fresh layer" in caplog.text


@pytest.mark.parametrize("n_users", [1, 30])
def test_reading_what_is_new_costs_the_same_queries_for_any_number_of_users(
    version, community, n_users, django_assert_num_queries
):
    for liker in UserFactory.create_batch(n_users):
        FavoriteFactory(user=liker, movie=community[0])
    known = Catalogue.from_arrays(fresh_layers._trained(artifact_of(version)).shared)
    with django_assert_num_queries(10):
        news.News.since(version.trained_at, known).changed_users()
