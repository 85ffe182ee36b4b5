"""Invented ratings in the files of those who publish MovieLens and splits of it."""

import gzip
import zipfile
from itertools import pairwise
from pathlib import Path

import numpy as np

GENRES = ("unknown", "Action", "Comedy", "Drama")
N_GENRES_100K = 19
COLD_START = 1_000_000_000


def ratings(n_users=30, n_films=20, *, seed=0, share=0.6):
    """Rows (user, film, stars, time) in no order of the users, ids from 1."""
    rng = np.random.default_rng(seed)
    users, films = np.nonzero(rng.random((n_users, n_films)) < share)
    order = rng.permutation(len(users))
    stars = rng.integers(1, 6, len(users))
    times = COLD_START + rng.permutation(len(users))
    return np.column_stack([users + 1, films + 1, stars, times])[order]


def lines(rows, separator):
    return "".join(separator.join(map(str, row)) + "\n" for row in rows)


def title(film):
    return f"Film {film} ({1950 + film})"


def u_item(films):
    """Two genres for each film, as flags."""
    rows = []
    for film in films:
        flags = ["1" if genre in (film % 4, 1) else "0" for genre in range(N_GENRES_100K)]
        rows.append([film, title(film), "01-Jan-1990", "", "http://example.com", *flags])
    return lines(rows, "|")


def movies_dat(films):
    return lines([(film, title(film), "|".join({GENRES[film % 4], "Action"} - {"unknown"})) for film in films], "::")


def ml100k(rows):
    """The files of ml-100k, the folds being fifths of the rows as they stand."""
    cuts = np.linspace(0, len(rows), 6).astype(int)
    files = {"u.data": lines(rows, "\t"), "u.item": u_item(np.unique(rows[:, 1]))}
    for fold, (start, stop) in enumerate(pairwise(cuts), start=1):
        files[f"u{fold}.test"] = lines(rows[start:stop], "\t")
        files[f"u{fold}.base"] = lines(np.delete(rows, np.s_[start:stop], axis=0), "\t")
    return files


def ml1m(rows):
    return {"ratings.dat": lines(rows, "::"), "movies.dat": movies_dat(np.unique(rows[:, 1]))}


def ncf_ml1m(train, positives, others):
    """``positives`` (n_users,), ``others`` (n_users, n): user and film ids from 0."""
    held = [(user, film, 5, COLD_START) for user, film in enumerate(positives)]
    listed = [f"({user},{film})\t" + "\t".join(map(str, others[user])) for user, film in enumerate(positives)]
    return {
        "ml-1m.train.rating": lines(train, "\t"),
        "ml-1m.test.rating": lines(held, "\t"),
        "ml-1m.test.negative": "\n".join(listed) + "\n",
    }


def sasrec_ml1m(histories):
    return {"ml-1m.txt": lines([(user, film) for user, films in histories.items() for film in films], " ")}


def write(root: Path, dataset, files, packing="folder"):
    """Put files where a publisher's download has them: as they are, each in a .gz, or all in one zip."""
    folder = root / dataset
    folder.mkdir(parents=True)
    if packing == "zip":
        with zipfile.ZipFile(folder / f"{dataset}.zip", "w") as archive:
            for name, text in files.items():
                archive.writestr(f"{dataset}/{name}", text.encode("latin-1"))
        return
    for name, text in files.items():
        if packing == "gz":
            (folder / f"{name}.gz").write_bytes(gzip.compress(text.encode("latin-1")))
        else:
            (folder / name).write_bytes(text.encode("latin-1"))
