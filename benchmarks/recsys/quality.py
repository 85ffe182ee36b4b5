"""Every engine on every protocol it is for, beside popularity and chance: `python -m benchmarks.recsys.quality`.

--data is a folder with ml-100k/, ml-1m/, ncf-ml-1m/ and sasrec-ml-1m/ (or name it in MARQUEE_DATASETS). Each variant
and seed is one file under results/, so that a second run does only what is missing, or was made with other
hyperparameters; --again does all that is asked for, fits of the cache included. Then README.md, quality.json and the
plots are written beside this file, of all that is under results/. With --part valid nothing is written but to the
cache, and the table is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from tqdm import tqdm

from benchmarks.recsys import report
from benchmarks.recsys.protocols import Part
from benchmarks.recsys.results import RESULTS, Result, read_results
from benchmarks.recsys.settings import SEEDS, SETTINGS, Variant, variants
from benchmarks.recsys.trial import Place

CACHE = Path("var/bench")
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}


@dataclass(frozen=True)
class Trial:
    """One variant, one seed; ``results`` the folder its file belongs to."""

    place: Place
    variant: Variant
    seed: int
    results: Path

    @property
    def label(self) -> str:
        return f"{self.place.protocol} {self.variant.name} seed {self.seed}"

    @property
    def file(self) -> Path:
        return self.results / self.place.protocol / f"{self.variant.name}.seed{self.seed}.json"

    @property
    def is_done(self) -> bool:
        """Whether there is a result of these hyperparameters, with the figures of each user."""
        if not self.file.exists():
            return False
        known = json.loads(self.file.read_text())
        has_users = "folds" in known or self.place.users(self.variant.name, self.seed).exists()
        return known["params"] == self.params and has_users

    @property
    def params(self) -> dict[str, Any]:
        params: dict[str, Any] = json.loads(json.dumps(self.variant.build(self.seed).params()))
        return params

    @property
    def command(self) -> str:
        """What makes this file anew."""
        return (
            f"python -m benchmarks.recsys.quality --data DIR --protocols {self.place.protocol} "
            f"--variants {self.variant.name} --seeds {self.seed} --again"
        )


def wanted(asked: argparse.Namespace, results: Path) -> Iterator[Trial]:
    for protocol in asked.protocols:
        for variant in variants(protocol):
            if asked.engines and variant.engine not in asked.engines:
                continue
            if asked.variants and variant.name not in asked.variants:
                continue
            for seed in asked.seeds if variant.is_seeded else SEEDS[:1]:
                yield Trial(Place(protocol, cast(Part, asked.part), asked.data, asked.cache), variant, seed, results)


def carry_out(trials: Sequence[Trial], *, again: bool) -> list[str]:
    """Each trial in a process of its own, one after the other, with a bar that says which and for how long.

    One that fails does not keep the others from being done. Returns the labels of those that failed.
    """
    failed = []
    with tqdm(total=len(trials), unit="fit", disable=None) as bar:
        for trial in trials:
            try:
                peer = _child(trial.place, bar, f"{trial.label}: implicit", [])
                one = ["--variant", trial.variant.name, "--seed", str(trial.seed), "--implicit", json.dumps(peer)]
                found = _child(trial.place, bar, trial.label, [*one, *["--again"] * again])
                _write(trial, found)
                bar.write(f"{trial.label}: done")
            except subprocess.CalledProcessError:  # its traceback is on stderr
                failed.append(trial.label)
            bar.update()
    return failed


def _child(place: Place, bar: tqdm[Any], label: str, arguments: Sequence[str]) -> dict[str, Any]:
    """What `trial.py` found; CalledProcessError where it failed, its own words on stderr."""
    with tempfile.TemporaryDirectory() as folder:
        out, progress = Path(folder) / "found.json", Path(folder) / "progress"
        command = [sys.executable, "-m", "benchmarks.recsys.trial", "--data", str(place.data), "--part", place.part]
        command += ["--cache", str(place.cache), "--protocol", place.protocol, "--out", str(out)]
        command += ["--progress", str(progress), *arguments]
        started = time.monotonic()
        with subprocess.Popen(command, env={**os.environ, **ONE_THREAD}) as process:  # noqa: S603 - our own module
            while process.poll() is None:
                done = f", {progress.read_text()} learned" if progress.exists() else ""
                bar.set_postfix_str(f"{label}, {time.monotonic() - started:.0f} s{done}")
                time.sleep(0.2)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command)
        found: dict[str, Any] = json.loads(out.read_text())
        return found


def _write(trial: Trial, found: dict[str, Any]) -> None:
    result = {
        "protocol": trial.place.protocol,
        "part": trial.place.part,
        "variant": trial.variant.name,
        "engine": trial.variant.engine,
        "seed": trial.seed,
        "params": trial.params,
        "command": trial.command,
        "commit": os.environ.get("MARQUEE_COMMIT", "unknown"),
        **found,
    }
    trial.file.parent.mkdir(parents=True, exist_ok=True)
    trial.file.write_text(json.dumps(_rounded(result), indent=1) + "\n")


def _rounded(value: Any) -> Any:
    """The same with six digits after the point, which is more than anybody can measure."""
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, dict):
        return {name: _rounded(entry) for name, entry in value.items()}
    return [_rounded(entry) for entry in value] if isinstance(value, list) else value


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    where = os.environ.get("MARQUEE_DATASETS")
    parser.add_argument("--data", type=Path, default=where and Path(where), help="default: MARQUEE_DATASETS")
    parser.add_argument("--protocols", type=_names, default=list(SETTINGS), help=", ".join(SETTINGS))
    parser.add_argument("--engines", type=_names, default=[], help="only these engines, by their registry's name")
    parser.add_argument("--variants", type=_names, default=[], help="only these lines of settings.py")
    parser.add_argument("--seeds", type=lambda text: [int(seed) for seed in _names(text)], default=list(SEEDS))
    parser.add_argument("--part", choices=["valid", "test"], default="test")
    parser.add_argument("--again", action="store_true", help="also what has a result already")
    parser.add_argument("--report", action="store_true", help="measure nothing, write the report")
    parser.add_argument("--out", type=Path, default=RESULTS.parent, help="where results/ and the report go")
    parser.add_argument("--cache", type=Path, default=CACHE, help="for what engines learned; var/bench")
    asked = parser.parse_args()
    if unknown := set(asked.protocols) - set(SETTINGS):
        parser.error(f"There is no protocol {', '.join(sorted(unknown))}. There are {', '.join(SETTINGS)}.")
    if asked.data is None and not asked.report:
        parser.error("Say where the data sets are: --data DIR, or MARQUEE_DATASETS.")
    return asked


def _names(text: str) -> list[str]:
    return [name for name in text.split(",") if name]


def main() -> None:
    asked = arguments()
    results = asked.out / "results" if asked.part == "test" else asked.cache / "valid"
    failed = []
    if not asked.report:
        trials = [trial for trial in wanted(asked, results) if asked.again or not trial.is_done]
        failed = carry_out(trials, again=asked.again)
    found: list[Result] = read_results(results, asked.cache)
    if asked.part == "valid":
        print(report.tables([result for result in found if result.protocol in asked.protocols]))
    else:
        report.write(asked.out, found)
    if failed:
        raise SystemExit(f"Without a result: {', '.join(failed)}.")


if __name__ == "__main__":
    main()
