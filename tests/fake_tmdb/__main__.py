"""The fake TMDb as a program of its own."""

import argparse
import sys
from contextlib import suppress
from threading import Event

from tests.fake_tmdb.server import FakeTMDb


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fake_tmdb", description="Play TMDb on this machine.")
    parser.add_argument("--port", type=int, default=8900)
    parser.add_argument("--films", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--token", help="the one credential accepted; any will do without it")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    chosen = parser.parse_args()
    with (
        suppress(KeyboardInterrupt),
        FakeTMDb(chosen.port, n_films=chosen.films, seed=chosen.seed, token=chosen.token) as tmdb,
    ):
        if chosen.latency:
            tmdb.fault("latency", seconds=chosen.latency)
        announce(tmdb)
        Event().wait()


def announce(tmdb: FakeTMDb) -> None:
    sys.stdout.write(
        f"TMDb with {tmdb.catalogue.n_films} invented films listens at {tmdb.url}\n"
        f"Daily id files: {tmdb.exports_url}/movie_ids_MM_DD_YYYY.json.gz\n\n"
        "Point Marquee at it:\n"
        f"  export TMDB_BASE_URL={tmdb.url}\n"
        f"  export TMDB_READ_TOKEN={tmdb.token or 'anything'}\n\n"
        "Ctrl-C stops it.\n"
    )
    sys.stdout.flush()


if __name__ == "__main__":
    main()
