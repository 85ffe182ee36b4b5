"""GroupLens' files, and the two splits that papers publish of them, read as they are handed out.

ROOT holds a folder for each data set, and that the publisher's zip, its files, or its files packed by gzip:

    ml-100k/     u.data, u.item, u1.base .. u5.test            ml-1m/         ratings.dat, movies.dat
    ncf-ml-1m/   ml-1m.{train.rating,test.rating,test.negative}   sasrec-ml-1m/  ml-1m.txt

Nothing is downloaded and nothing is kept: the licence of MovieLens forbids handing it on.
"""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from apps.recommendations.engines.contract import UNKNOWN_YEAR, Dataset, IntArray, Profiles

COLUMNS = ["user", "item", "rating", "ts"]
FIRST_GENRE = 5  # of the columns of u.item
MOVIE_FILES = ("movies.dat", "u.item", "movies.csv")
TITLE_AND_YEAR = r"^(?P<title>.*?) *\((?P<year>\d{4})\)"


@dataclass(frozen=True)
class Films:
    """What a movie file says of films, by position: titles without the year, and genres CSR (n, n_genres), 0 or 1."""

    titles: Sequence[str]
    years: IntArray
    genres: csr_matrix


def raw(folder: Path, name: str) -> BytesIO:
    """The bytes of one file, from a folder, a folder in it of the same name, a .gz or a zip; FileNotFoundError."""
    for path in (folder / name, folder / folder.name / name):
        if path.is_file():
            return BytesIO(path.read_bytes())
    if (packed := folder / f"{name}.gz").is_file():
        return BytesIO(gzip.decompress(packed.read_bytes()))
    for path in [folder] if folder.is_file() else sorted(folder.glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.namelist() if member.rpartition("/")[2] == name]
            if members:
                return BytesIO(archive.read(members[0]))
    raise FileNotFoundError(f"There is no {name} in {folder}, neither as it is nor in a .gz or a .zip.")


def separated(content: BytesIO, names: list[str], separator: str) -> pd.DataFrame:
    """A table without a header; a separator of two characters is read as fast as one of one."""
    text = content.getvalue().replace(separator.encode(), b"\t")
    return pd.read_csv(BytesIO(text), sep="\t", header=None, names=names, encoding="latin-1", quoting=3)


def ml100k(root: Path) -> pd.DataFrame:
    """The columns user, item, rating, ts, in the order of the file."""
    return separated(raw(root / "ml-100k", "u.data"), COLUMNS, "\t")


def ml100k_fold(root: Path, fold: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """GroupLens' own training and test part, folds 1 to 5."""
    base, test = (separated(raw(root / "ml-100k", f"u{fold}.{part}"), COLUMNS, "\t") for part in ("base", "test"))
    return base, test


def ml1m(root: Path) -> pd.DataFrame:
    return separated(raw(root / "ml-1m", "ratings.dat"), COLUMNS, "::")


def ncf_ml1m(root: Path) -> tuple[pd.DataFrame, IntArray, IntArray]:
    """The training part, the film held back from each user, and the (n_users, 99) others it is ranked among."""
    folder = root / "ncf-ml-1m"
    train, test = (separated(raw(folder, f"ml-1m.{part}.rating"), COLUMNS, "\t") for part in ("train", "test"))
    lines = raw(folder, "ml-1m.test.negative").read().decode().splitlines()
    others = np.array([line.split("\t")[1:] for line in lines], dtype=np.int64)
    return train, test["item"].to_numpy(np.int64), others


def sasrec_ml1m(root: Path) -> pd.DataFrame:
    """The columns user and item, each user's films in the order of time."""
    return pd.read_csv(raw(root / "sasrec-ml-1m", "ml-1m.txt"), sep=" ", header=None, names=["user", "item"])


def films(folder: Path, item_ids: IntArray) -> Films:
    """What a data set's movie file says of these films; of one that it does not list, nothing.

    ``folder`` holds movies.dat, u.item or movies.csv, or is one of them.
    """
    listed = _movie_file(folder).set_index("item")
    flags = listed["genres"].str.get_dummies("|").drop(columns="(no genres listed)", errors="ignore")
    parts = listed["title"].str.extract(TITLE_AND_YEAR)
    titles = parts["title"].fillna(listed["title"]).reindex(item_ids).fillna("")
    years = pd.to_numeric(parts["year"]).reindex(item_ids).fillna(UNKNOWN_YEAR)
    genres = csr_matrix(flags.reindex(item_ids).fillna(0).to_numpy(np.float32))
    return Films(titles.tolist(), years.to_numpy(np.int64), genres)


def _movie_file(folder: Path) -> pd.DataFrame:
    """The columns item, title and genres, these joined by a bar."""
    if folder.name in MOVIE_FILES and folder.is_file():
        return _movies(folder.name, BytesIO(folder.read_bytes()))
    for name in MOVIE_FILES:
        try:
            return _movies(name, raw(folder, name))
        except FileNotFoundError:
            continue
    raise FileNotFoundError(f"There is none of {', '.join(MOVIE_FILES)} in {folder}.")


def _movies(name: str, content: BytesIO) -> pd.DataFrame:
    if name == "movies.csv":
        return pd.read_csv(content).set_axis(["item", "title", "genres"], axis=1)
    if name == "movies.dat":
        return separated(content, ["item", "title", "genres"], "::")
    table = pd.read_csv(content, sep="|", header=None, encoding="latin-1", quoting=3)
    flags = table.iloc[:, FIRST_GENRE:].to_numpy(bool)
    genres = ["|".join(f"{place:02}" for place in np.flatnonzero(row)) for row in flags]
    return pd.DataFrame({"item": table[0], "title": table[1], "genres": genres})


def profiles_of(
    rows: IntArray,
    items: IntArray,
    shape: tuple[int, int],
    *,
    n_genres: int,
    order: IntArray | None = None,
    ratings: IntArray | None = None,
) -> Profiles:
    """Pairs as profiles (n_profiles, n_items) of likes of confidence 1.

    ``order`` is each pair's place in time, kept as its timestamp; without it all are equal and tell no order.
    """
    sorting = np.lexsort((items, rows))
    indptr = np.searchsorted(rows[sorting], np.arange(shape[0] + 1))
    ones = np.ones(len(rows), dtype=np.float32)
    return Profiles(
        interactions=csr_matrix((ones, items[sorting].astype(np.int64), indptr), shape=shape),
        timestamps=(np.zeros(len(rows)) if order is None else order[sorting]).astype(np.float64),
        ratings=(np.full(len(rows), np.nan) if ratings is None else ratings[sorting]).astype(np.float32),
        genres=csr_matrix((shape[0], n_genres), dtype=np.float32),
    )


def dataset_of(profiles: Profiles, item_ids: IntArray, about: Films | None = None) -> Dataset:
    """Profiles and what is known of the films; of keywords, people, languages and overviews MovieLens says nothing."""
    n_items = len(item_ids)
    nothing = csr_matrix((n_items, 0), dtype=np.float32)
    return Dataset(
        profiles=profiles,
        item_genres=about.genres if about else nothing,
        item_keywords=nothing,
        item_directors=nothing,
        item_cast=nothing,
        item_titles=about.titles if about else [""] * n_items,
        item_texts=[""] * n_items,
        item_years=about.years if about else np.full(n_items, UNKNOWN_YEAR, dtype=np.int64),
        item_languages=[""] * n_items,
        item_popularity=np.zeros(n_items, dtype=np.float32),
        item_ids=item_ids,
    )
