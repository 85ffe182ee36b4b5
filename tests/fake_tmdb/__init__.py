"""TMDb v3 played over real HTTP on loopback, from a catalogue of invented films, with faults on demand.

    with FakeTMDb(n_films=500, token="secret") as tmdb:
        client = TMDbClient(base_url=tmdb.url, token="secret", timeout=1)
        tmdb.fault("server_error", times=2)  # the names are in ``faults``
        ...
        assert tmdb.calls("/movie/popular") == 3

What it answers follows from (seed, film id) alone, so any number of films takes no time to make; ``catalogue`` says
which oddities are in it. Lists move while they are paged unless ``moving=False``. ``edit``, ``delete`` and ``restore``
change a film and show up in /movie/changes; ``answer`` and ``replay`` plant an answer for a path.

``python -m tests.fake_tmdb --port 8900 --films 50000`` runs it on its own, ruled over HTTP:

    POST /_control/fault   {"name": "latency", "share": 0.1, "path_prefix": "/movie", "seconds": 2}
    POST /_control/heal
    POST /_control/delete  {"tmdb_id": 7}
    POST /_control/reset
    GET  /_control/stats   {"calls": {path: n}, "total": n, "busiest_second": n}
"""

from tests.fake_tmdb.catalogue import Catalogue
from tests.fake_tmdb.faults import FAULTS
from tests.fake_tmdb.recordings import recordings
from tests.fake_tmdb.server import FakeTMDb

__all__ = ["FAULTS", "Catalogue", "FakeTMDb", "recordings"]
