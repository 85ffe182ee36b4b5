"""Small worlds with a known truth, for engines to find."""

from functools import cache

import numpy as np
from scipy.sparse import csr_matrix

from apps.recommendations.engines.contract import Dataset, Profiles

DAY = 86_400.0
HELD_BACK = list(range(12))  # in `two_camps`, the film of its camp that each user has not seen


def profiles_of(cells, *, timestamps=None, genres=None, ratings=None):
    """Profiles from a dense matrix of signed confidence; without timestamps, a day passes from cell to cell."""
    interactions = csr_matrix(np.asarray(cells, dtype=np.float32))
    if timestamps is None:
        timestamps = DAY * np.arange(interactions.nnz)
    if genres is None:
        genres = np.zeros((interactions.shape[0], 2))
    if ratings is None:
        ratings = np.full(interactions.nnz, np.nan)
    return Profiles(
        interactions,
        np.asarray(timestamps, dtype=np.float64),
        np.asarray(ratings, dtype=np.float32),
        csr_matrix(genres, dtype=np.float32),
    )


def dataset_of(
    cells,
    *,
    timestamps=None,
    genres=None,
    ratings=None,
    item_genres=None,
    item_tags=None,
    item_titles=None,
    item_popularity=None,
):
    """A dataset from a dense matrix of signed confidence; films have no genre, tag or title unless told."""
    profiles = profiles_of(cells, timestamps=timestamps, genres=genres, ratings=ratings)
    n_items = profiles.interactions.shape[1]
    return Dataset(
        profiles=profiles,
        item_genres=csr_matrix(np.zeros((n_items, 2)) if item_genres is None else item_genres, dtype=np.float32),
        item_keywords=csr_matrix(np.zeros((n_items, 3)) if item_tags is None else item_tags, dtype=np.float32),
        item_directors=csr_matrix((n_items, 0), dtype=np.float32),
        item_cast=csr_matrix((n_items, 0), dtype=np.float32),
        item_titles=[""] * n_items if item_titles is None else item_titles,
        item_texts=[""] * n_items,
        item_years=np.full(n_items, -1),
        item_languages=[""] * n_items,
        item_popularity=np.asarray(np.zeros(n_items) if item_popularity is None else item_popularity, np.float32),
        item_ids=np.arange(100, 100 + n_items),
    )


@cache
def two_camps():
    """Twelve users, twelve films, two camps: all like the films of their camp but for the one held back from them."""
    camp = np.repeat([0, 1], 6)
    same_camp = camp[:, None] == camp
    return dataset_of(same_camp & ~np.eye(12, dtype=bool), item_genres=np.eye(2)[camp], item_tags=np.eye(3)[camp])


@cache
def taste_world(n_users=60, n_items=40, seed=0):
    """Users who like films of their own half of the catalogue, popular ones more often, and what they like later.

    Returns the dataset and a dense bool (n_users, n_items): three more films that each will like.
    """
    rng = np.random.default_rng(seed)
    camp = rng.integers(0, 2, n_users)
    film_camp = np.arange(n_items) % 2
    appeal = rng.gumbel(size=(n_users, n_items)) - 0.05 * np.arange(n_items) + 4 * (camp[:, None] == film_camp)
    order = np.argsort(-appeal, axis=1)
    likes, later = np.zeros((2, n_users, n_items), dtype=bool)
    np.put_along_axis(likes, order[:, 0:12:2], True, axis=1)
    np.put_along_axis(likes, order[:, 6:12], True, axis=1)
    np.put_along_axis(later, order[:, 1:6:2], True, axis=1)
    dislikes = (camp[:, None] != film_camp) & (rng.random((n_users, n_items)) < 0.1)
    cells = likes - 0.5 * (dislikes & ~likes & ~later)
    return dataset_of(cells, item_genres=np.eye(2)[film_camp], item_tags=np.eye(3)[film_camp]), later
