"""MovieLens is read as its publishers hand it out."""

import numpy as np
import pytest

from apps.recommendations.engines.contract import UNKNOWN_YEAR
from benchmarks.recsys import movielens
from tests.benchmarks import publisher

ROWS = np.array([[2, 7, 5, 20], [1, 7, 3, 10], [2, 4, 1, 30]])
MOVIES_CSV = 'movieId,title,genres\n4,"Long Way, The (1999)",Drama|Comedy\n7,Untold,(no genres listed)\n'


@pytest.mark.parametrize("packing", ["folder", "gz", "zip"])
def test_a_file_is_found_however_it_is_packed(tmp_path, packing):
    publisher.write(tmp_path, "ml-1m", publisher.ml1m(ROWS), packing)
    assert movielens.ml1m(tmp_path).to_numpy().tolist() == ROWS.tolist()


def test_a_zip_unpacked_inside_its_folder_is_found_too(tmp_path):
    publisher.write(tmp_path / "ml-100k", "ml-100k", publisher.ml100k(ROWS))
    assert movielens.ml100k(tmp_path).to_numpy().tolist() == ROWS.tolist()


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"u\.data"):
        movielens.ml100k(tmp_path)


def test_a_fold_is_the_publishers_own(tmp_path):
    rows = publisher.ratings()
    publisher.write(tmp_path, "ml-100k", publisher.ml100k(rows), "zip")
    base, test = movielens.ml100k_fold(tmp_path, 2)
    assert test.to_numpy().tolist() == rows[len(rows) // 5 : 2 * len(rows) // 5].tolist()
    assert len(base) + len(test) == len(rows)


@pytest.mark.parametrize(("dataset", "files"), [("ml-100k", publisher.ml100k(ROWS)), ("ml-1m", publisher.ml1m(ROWS))])
def test_films_have_titles_years_and_genres(tmp_path, dataset, files):
    publisher.write(tmp_path, dataset, files, "zip")
    films = movielens.films(tmp_path / dataset, np.array([4, 7]))
    assert films.titles == ["Film 4", "Film 7"]
    assert films.years.tolist() == [1954, 1957]
    assert films.genres.sum(axis=1).A1.tolist() == [2, 2] if dataset == "ml-100k" else [1, 2]
    assert films.genres[0].multiply(films.genres[1]).sum() == 1  # both are Action


def test_a_movie_file_may_be_named_itself(tmp_path):
    (tmp_path / "movies.csv").write_text(MOVIES_CSV)
    films = movielens.films(tmp_path / "movies.csv", np.array([4, 5, 7]))
    assert films.titles == ["Long Way, The", "", "Untold"]
    assert films.years.tolist() == [1999, UNKNOWN_YEAR, UNKNOWN_YEAR]
    assert films.genres.toarray().tolist() == [[1, 1], [0, 0], [0, 0]]


def test_profiles_keep_each_pairs_order_and_stars_beside_it():
    profiles = movielens.profiles_of(
        np.array([1, 0, 1]),
        np.array([2, 1, 0]),
        (2, 3),
        n_genres=4,
        order=np.array([7, 8, 9]),
        ratings=np.array([1, 2, 3]),
    )
    assert profiles.interactions.toarray().tolist() == [[0, 1, 0], [1, 0, 1]]
    assert profiles.timestamps.tolist() == [8, 9, 7]
    assert profiles.ratings.tolist() == [2, 3, 1]
    assert profiles.genres.shape == (2, 4)


def test_without_an_order_all_times_are_equal_and_without_stars_there_are_none():
    profiles = movielens.profiles_of(np.array([0, 0]), np.array([1, 0]), (1, 2), n_genres=0)
    assert profiles.timestamps.tolist() == [0, 0]
    assert np.isnan(profiles.ratings).all()
