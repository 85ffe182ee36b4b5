"""A task folder is ranked as the protocol it was written from would be."""

import sys

import numpy as np
import pandas as pd
import pytest

from benchmarks.recsys import rank
from benchmarks.recsys.judging import ranked_lists
from benchmarks.recsys.protocols import load
from benchmarks.recsys.rank import read_folder
from benchmarks.recsys.settings import build_engine
from tests.benchmarks import publisher

TRAIN = [("a", 10), ("a", 20), ("b", 10), ("b", 30), ("c", 20), ("c", 10)]
HISTORY = [("a", 10), ("a", 20), ("d", 30)]


@pytest.fixture
def folder(tmp_path):
    """Users named by text, of whom d was not there in training."""
    pd.DataFrame(TRAIN, columns=["user", "item"]).assign(rating=1.0, position=0).to_csv(tmp_path / "train.csv")
    pd.DataFrame(HISTORY, columns=["user", "item"]).assign(position=0).to_csv(tmp_path / "history.csv")
    (tmp_path / "users.csv").write_text("user\nd\na\n")
    return tmp_path


def ranked(monkeypatch, folder, *options, algorithm="popular"):
    out = folder / "lists.csv"
    command = ["rank", "--task", str(folder), "--algorithm", algorithm, "--out", str(out), *options]
    monkeypatch.setattr(sys, "argv", command)
    rank.main()
    return [tuple(row) for row in pd.read_csv(out).to_numpy().tolist()]


def test_lists_leave_out_what_is_known_and_count_from_one(monkeypatch, folder):
    assert ranked(monkeypatch, folder) == [("d", 10, 1), ("d", 20, 2), ("a", 30, 1)]


def test_of_candidates_these_alone_are_ranked(monkeypatch, folder):
    (folder / "candidates.csv").write_text("user,item\na,30\nd,20\na,40\nd,10\nb,10\n")
    assert ranked(monkeypatch, folder) == [("d", 10, 1), ("d", 20, 2), ("a", 30, 1), ("a", 40, 2)]


def test_hyperparameters_and_seed_reach_the_engine(monkeypatch, folder):
    lists = [ranked(monkeypatch, folder, "--seed", str(seed), algorithm="random") for seed in range(8)]
    assert len({tuple(rows) for rows in lists}) > 1
    told = [
        ranked(monkeypatch, folder, "--params", '{"random_state": 1}', "--seed", str(seed), algorithm="random")
        for seed in range(8)
    ]
    assert told == [told[0]] * 8


def test_an_engine_that_reads_content_asks_for_the_movie_file(monkeypatch, folder, capsys):
    with pytest.raises(SystemExit):
        ranked(monkeypatch, folder, algorithm="similar")
    assert "--movies" in capsys.readouterr().err


def test_titles_years_and_genres_come_from_the_movie_file(folder):
    (folder / "movies.dat").write_text(publisher.movies_dat([10, 20, 30]))
    dataset = read_folder(folder, folder).task.dataset
    assert dataset.item_titles == ["Film 10", "Film 20", "Film 30"]
    assert dataset.item_years.tolist() == [1960, 1970, 1980]
    assert dataset.item_genres.toarray().tolist() == [[1, 1], [1, 0], [1, 1]]


def test_positions_that_differ_are_an_order(folder):
    assert set(read_folder(folder).task.dataset.profiles.timestamps.tolist()) == {0}
    frame = pd.DataFrame(TRAIN, columns=["user", "item"]).assign(position=[1, 0, 0, 1, 0, 1])
    frame.to_csv(folder / "train.csv")
    profiles = read_folder(folder).task.dataset.profiles
    assert profiles.timestamps.tolist() == [1, 0, 0, 1, 1, 0]


def test_a_time_in_training_alone_is_not_read(folder):
    pd.DataFrame(TRAIN, columns=["user", "item"]).assign(rating=4, ts=range(6)).to_csv(folder / "train.csv")
    assert set(read_folder(folder).task.dataset.profiles.timestamps.tolist()) == {0}


def test_a_film_told_twice_counts_once(folder):
    pd.DataFrame([*TRAIN, TRAIN[0]], columns=["user", "item"]).to_csv(folder / "train.csv")
    assert read_folder(folder).task.dataset.profiles.like_counts.tolist() == [3, 2, 1]


@pytest.mark.parametrize("algorithm", ["popular", "co_favorited", "matrix_factorization", "random"])
@pytest.mark.parametrize("protocol", ["ml100k-ms", "cold-ml1m", "seq-ml1m"])
def test_a_folder_is_ranked_as_its_protocol_is(monkeypatch, tmp_path, protocol, algorithm):
    task = load(protocol, "test", published(tmp_path))
    folder = tmp_path / "task"
    write(task, folder)
    engine = build_engine(algorithm, {}).fit(task.dataset)
    rows, places = np.nonzero((lists := ranked_lists(engine, task)) >= 0)
    items = task.dataset.item_ids[lists[rows, places]]
    expected = list(zip(task.user_ids[rows].tolist(), items.tolist(), (places + 1).tolist(), strict=True))
    assert ranked(monkeypatch, folder, algorithm=algorithm) == expected


def published(tmp_path):
    rows = publisher.ratings(n_users=40, n_films=25)
    publisher.write(tmp_path, "ml-100k", publisher.ml100k(rows))
    publisher.write(tmp_path, "ml-1m", publisher.ml1m(rows))
    histories = {user: rows[rows[:, 0] == user, 1].tolist() for user in range(1, 41)}
    publisher.write(tmp_path, "sasrec-ml-1m", publisher.sasrec_ml1m(histories))
    return tmp_path


def write(task, folder):
    """The task as plain files, its truth withheld."""
    folder.mkdir()
    ids, everybody = task.dataset.item_ids, np.arange(task.dataset.n_users) + 1
    frame_of(task.dataset.profiles, everybody, ids).to_csv(folder / "train.csv", index=False)
    frame_of(task.profiles, task.user_ids, ids).to_csv(folder / "history.csv", index=False)
    pd.DataFrame({"user": task.user_ids}).to_csv(folder / "users.csv", index=False)
    if task.candidates is not None:
        rows, places = np.nonzero(task.candidates >= 0)
        offered = pd.DataFrame({"user": task.user_ids[rows], "item": ids[task.candidates[rows, places]]})
        offered.sample(frac=1, random_state=0).to_csv(folder / "candidates.csv", index=False)


def frame_of(profiles, user_ids, item_ids):
    pairs = profiles.interactions.tocoo()
    frame = pd.DataFrame({"user": user_ids[pairs.row], "item": item_ids[pairs.col], "position": profiles.timestamps})
    return frame.sample(frac=1, random_state=0)
