"""Trials are run once, their seeds are added up, and the report says what came of it."""

import json
import sys
from dataclasses import asdict

import numpy as np
import pytest

from benchmarks.recsys import quality, report
from benchmarks.recsys.costs import Cost, measured, required
from benchmarks.recsys.judging import Estimate
from benchmarks.recsys.published import BARS, PEERS, PUBLISHED, Bar
from benchmarks.recsys.quality import Trial
from benchmarks.recsys.results import Line, Result, best_other, difference, lines_of, read_results
from benchmarks.recsys.settings import SETTINGS, Variant, seeded
from benchmarks.recsys.trial import Place, run
from tests.benchmarks import publisher

PROTOCOL, USERS = "ml100k-ms", 4
FEW_FACTORS = {"n_factors": 4, "n_sweeps": 2, "stars": False}
POPULAR = Variant("popularity", "popular")
FACTORS = Variant("factors", "matrix_factorization", FEW_FACTORS)
NULL = Variant(
    "null", "matrix_factorization", FEW_FACTORS, fitted_by="factors", zeroed=("item_factors",), ablation=True
)
FIRST, SECOND = Cost(1.0, 2.0, 3.0), Cost(4.0, 5.0, 6.0)


@pytest.fixture
def place(tmp_path):
    publisher.write(tmp_path / "data", "ml-100k", publisher.ml100k(publisher.ratings()))
    return Place(PROTOCOL, "test", tmp_path / "data", tmp_path / "cache")


@pytest.fixture
def settings_of(monkeypatch):
    """Put these variants in the place of the protocol's own."""
    return lambda *variants: monkeypatch.setitem(SETTINGS, PROTOCOL, variants)


def line(variant, *users, protocol=PROTOCOL):
    """Seeds of a variant, each with the figures of its users."""
    results = [
        Result(
            protocol,
            variant.name,
            seed,
            {
                "figures": {"ndcg@10": asdict(Estimate(float(np.mean(values)), 0.1, 0.0, 1.0))},
                "fit": asdict(FIRST),
                "implicit": asdict(SECOND),
            },
            {"ndcg@10": np.array(values, dtype=np.float64)},
        )
        for seed, values in enumerate(users)
    ]
    return Line(protocol, variant, results)


def test_a_trial_finds_figures_and_keeps_those_of_each_user(place):
    found = run(POPULAR, place, 0, implicit=FIRST, again=False)
    with np.load(place.users("popularity", 0)) as users:
        assert users["ndcg@10"].mean() == pytest.approx(found["figures"]["ndcg@10"]["mean"], abs=1e-5)
    assert set(found["beyond"]) == {"coverage", "popularity", "popularity_bias", "novelty", "gini"}
    assert found["implicit"] == asdict(FIRST)


def test_a_fit_of_the_cache_is_taken_with_what_it_cost_then(place):
    first = run(FACTORS, place, 0, implicit=FIRST, again=False)
    second = run(FACTORS, place, 0, implicit=SECOND, again=False)
    assert second["figures"] == first["figures"]
    assert second["fit"] == first["fit"]
    assert second["implicit"] == asdict(FIRST)
    assert run(FACTORS, place, 0, implicit=SECOND, again=True)["implicit"] == asdict(SECOND)


def test_other_hyperparameters_are_fitted_anew(place):
    run(FACTORS, place, 0, implicit=FIRST, again=False)
    other = Variant("factors", "matrix_factorization", {**FEW_FACTORS, "n_factors": 5})
    assert run(other, place, 0, implicit=SECOND, again=False)["implicit"] == asdict(SECOND)


def test_a_variant_takes_over_what_another_learned_some_of_it_zeroed(place, settings_of):
    settings_of(FACTORS, NULL)
    whole = run(FACTORS, place, 0, implicit=FIRST, again=False)
    null = run(NULL, place, 0, implicit=FIRST, again=False)
    assert null["fit"] is None
    assert null["figures"]["ndcg@10"]["mean"] < whole["figures"]["ndcg@10"]["mean"]


def test_a_result_is_done_until_its_hyperparameters_change_or_its_users_are_lost(place, tmp_path):
    trial = Trial(place, POPULAR, 0, tmp_path / "results")
    assert not trial.is_done
    quality._write(trial, run(POPULAR, place, 0, implicit=FIRST, again=False))
    assert trial.is_done
    assert not Trial(place, Variant("popularity", "random"), 0, tmp_path / "results").is_done
    place.users("popularity", 0).unlink()
    assert not trial.is_done


def test_what_was_written_is_read_again_in_the_order_of_the_settings(place, tmp_path, settings_of):
    settings_of(FACTORS, POPULAR)
    for variant in (POPULAR, FACTORS):
        for seed in range(2):
            found = run(variant, place, seed, implicit=FIRST, again=False)
            quality._write(Trial(place, variant, seed, tmp_path / "results"), found)
    lines = lines_of(read_results(tmp_path / "results", place.cache))[PROTOCOL]
    assert [line.variant.name for line in lines] == ["factors", "popularity"]
    assert len(lines[0].seeds("ndcg@10")) == 2
    text = report.tables(read_results(tmp_path / "results", place.cache))
    assert "| factors |" in text
    assert "on popularity |" in text


def test_only_what_has_chance_in_it_is_seeded():
    assert not POPULAR.is_seeded
    assert FACTORS.is_seeded
    assert not Variant("fixed", "matrix_factorization", {"random_state": 3}).is_seeded


def test_a_seed_reaches_the_engines_that_a_blend_is_made_of():
    told = seeded("ensemble", {"members": {"matrix_factorization": {"n_factors": 8}, "knn": {}}}, 7)
    assert told["random_state"] == 7
    assert told["members"] == {"matrix_factorization": {"n_factors": 8, "random_state": 7}, "knn": {}}


def test_seeds_are_added_up_user_by_user():
    found = line(POPULAR, [0, 1, 0, 1], [1, 1, 0, 0])
    assert found.users("ndcg@10").tolist() == [0.5, 1, 0, 0.5]
    assert found.mean("ndcg@10") == found.estimate("ndcg@10").mean == 0.5
    assert found.ratio("cpu_seconds") == pytest.approx(2 / 5)


def test_two_engines_are_compared_user_by_user():
    better = difference(line(FACTORS, [0.2, 0.4, 0.6, 0.8]), line(POPULAR, [0.1, 0.3, 0.5, 0.7]), "ndcg@10")
    assert better.mean == pytest.approx(0.1)
    assert (better.low, better.high) == (pytest.approx(0.1), pytest.approx(0.1))


def test_a_blend_is_compared_with_its_best_member_any_other_engine_with_the_best_other():
    blend = line(Variant("blend", "ensemble", members=("popularity", "factors")), [0.5])
    popular, factors, null = line(POPULAR, [0.1]), line(FACTORS, [0.4]), line(NULL, [0.6])
    variant = line(Variant("more_factors", "matrix_factorization"), [0.45])
    lines = [blend, popular, factors, null, variant]
    assert best_other(blend, lines, "ndcg@10") is factors
    assert best_other(factors, lines, "ndcg@10") is blend
    assert best_other(null, lines, "ndcg@10") is variant
    assert best_other(line(Variant("part", "knn", ablation=True), [0.3]), [factors, popular], "ndcg@10") is factors
    assert best_other(popular, [popular], "ndcg@10") is None


@pytest.mark.parametrize(
    ("mean", "bar_met", "stretch_met"),
    [(0.47, "no", "no"), (0.481, "yes", "no"), (0.5, "yes", "no"), (0.591, "yes", "yes")],
)
def test_a_bar_is_met_one_standard_error_below_it(mean, bar_met, stretch_met):
    bar = Bar(PROTOCOL, "factors", "ndcg@10", 0.5, 0.6)
    assert report.met(bar, Estimate(mean, 0.02, 0, 1)) == (bar_met, stretch_met)


def test_a_bar_on_errors_is_met_from_above_and_one_without_a_stretch_by_more_than_it():
    bar = Bar("rmse-ml1m", "factors", "rmse", 0.9, 0.8, lower_is_better=True)
    assert report.met(bar, Estimate(0.905, 0.01, 0, 1)) == ("yes", "no")
    assert report.met(bar, Estimate(0.79, 0.01, 0, 1)) == ("yes", "yes")
    assert report.met(Bar(PROTOCOL, "factors", "ndcg@10", 0.5), Estimate(0.499, 0.01, 0, 1)) == ("yes", "no")


def test_every_bar_and_published_row_is_of_a_protocol_and_metric_that_we_have():
    assert {bar.protocol for bar in BARS} | set(PUBLISHED) | set(PEERS) <= set(SETTINGS)
    names = [metric for rows in (*PUBLISHED.values(), *PEERS.values()) for row in rows for metric in row.figures]
    assert {report.name_of(name) for name in names if "@" in name or name == "rmse"}


def test_the_peak_of_memory_is_measured_in_full():
    block, cost = measured(lambda: np.ones(2**24))  # 128 MiB
    assert 120 < cost.mib < 200
    assert cost.seconds > 0
    del block


def test_a_missing_library_is_named_with_how_to_install_it():
    with pytest.raises(SystemExit, match=r"no_such_library is missing.*requirements/benchmarks\.txt"):
        required("no_such_library")


def test_the_whole_run_writes_a_report_and_does_nothing_twice(place, tmp_path, monkeypatch):
    pytest.importorskip("implicit", reason="needs requirements/benchmarks.txt")
    pytest.importorskip("matplotlib", reason="needs requirements/benchmarks.txt")
    command = ["quality", "--data", str(place.data), "--cache", str(place.cache), "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", [*command, "--protocols", PROTOCOL, "--variants", "random,popularity"])
    quality.main()
    made = {file: file.stat().st_mtime_ns for file in (tmp_path / "results").rglob("*.json")}
    assert sorted(file.name for file in made) == ["popularity.seed0.json", *(f"random.seed{k}.json" for k in range(3))]
    assert "| BiVAE | Microsoft recommenders, README | 0.4751 |" in (tmp_path / "README.md").read_text()
    assert set(json.loads((tmp_path / "quality.json").read_text())[PROTOCOL]) == {"random", "popularity"}
    assert (tmp_path / "plots" / f"{PROTOCOL}.svg").exists()
    quality.main()
    assert {file: file.stat().st_mtime_ns for file in made} == made
