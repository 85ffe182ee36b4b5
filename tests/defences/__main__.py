"""Takes each defence of docs/SECURITY.md away, one at a time, and sees its test fail.

    python -m tests.defences [ID ...]

It works on copies of the checkout. Rows that need a PostgreSQL or a Redis are skipped where DATABASE_URL or REDIS_URL
is not set, and a skipped row is no success.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from queue import SimpleQueue

from tests.defences.document import ROOT, Row, rows
from tests.defences.removals import REMOVALS, STORES, Edit

N_WORKERS = 2
PATIENCE = 300  # seconds of one run of pytest
REASON = re.compile(r"^FAILED \S.*?(?: - (.*))?$", re.MULTILINE)
CLUMSY = re.compile(r"\b(?:Attribute|Import|Indentation|ModuleNotFound|Name|Syntax|UnboundLocal)Error\b")


def main() -> int:
    chosen = _chosen()
    missing = {row.id: name for row in chosen if (name := REMOVALS[row.id].needs) and not os.environ.get(name)}
    with tempfile.TemporaryDirectory(prefix="marquee-defences-") as place, ThreadPoolExecutor(N_WORKERS) as pool:
        trees: SimpleQueue[Path] = SimpleQueue()
        for number in range(N_WORKERS):
            trees.put(_copied(Path(place) / str(number)))
        tried = [row for row in chosen if row.id not in missing]
        groups = {needs: [row.test for row in tried if REMOVALS[row.id].needs == needs] for needs in ("", *STORES)}
        healthy = list(
            pool.map(lambda group: _all_pass(trees, *group), [group for group in groups.items() if group[1]])
        )
        if not all(healthy):
            return 1
        noticed = list(pool.map(lambda row: _is_noticed(trees, row), tried))
    for row_id, name in missing.items():
        print(f"{row_id:9} skipped: needs {name}")
    print(f"{len(chosen)} removals: {sum(noticed)} noticed, {len(tried) - sum(noticed)} not, {len(missing)} skipped")
    return 0 if sum(noticed) == len(chosen) else 1


def _chosen() -> list[Row]:
    parser = argparse.ArgumentParser(prog="python -m tests.defences", description=__doc__.split("\n")[0])
    parser.add_argument("ids", nargs="*", metavar="ID", help="rows of docs/SECURITY.md; all unless given")
    ids = parser.parse_args().ids
    known = {row.id: row for row in rows()}
    if unknown := [row_id for row_id in (*ids, *known) if row_id not in known or row_id not in REMOVALS]:
        parser.error(f"no row, or no removal: {', '.join(unknown)}")
    return [known[row_id] for row_id in ids or known]


def _copied(tree: Path) -> Path:
    """The checkout as it lies there, committed or not, without what git ignores."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, set(listed.stdout.split("\0"))):
        if (ROOT / name).is_file():  # not deleted just now
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)
    return tree


def _all_pass(trees: "SimpleQueue[Path]", needs: str, tests: list[str]) -> bool:
    """Whether the tests pass as long as nothing is removed."""
    with _borrowed(trees) as tree:
        code, output = _pytest(tree, sorted(set(tests)), needs)
    if code == 0 and not re.search(r"\b[0-9]+ skipped", output):
        return True
    print(f"With every defence in place not all tests pass:\n{output}")
    return False


def _is_noticed(trees: "SimpleQueue[Path]", row: Row) -> bool:
    removal = REMOVALS[row.id]
    with _borrowed(trees) as tree, ExitStack() as removed:
        for edit in removal.edits:
            removed.enter_context(_edited(tree, edit))
        # A wide terminal, or pytest cuts the reason off.
        code, output = _pytest(tree, ["-x", row.test], removal.needs, COLUMNS="500", PYTHONDONTWRITEBYTECODE="1")
    failure = REASON.search(output)
    reason = (failure[1] or "") if failure else ""
    noticed = False
    if code == 0:
        verdict = "STILL PASSES"
    elif code != 1 or not failure or CLUMSY.search(reason):
        verdict = f"THE REMOVAL IS BROKEN (pytest exits with {code}):\n{output[-2000:]}"
    else:
        noticed, verdict = True, f"fails without it: {reason[:100]}"
    print(f"{row.id:9} {row.test}  {verdict}", flush=True)
    return noticed


@contextmanager
def _borrowed(trees: "SimpleQueue[Path]") -> Iterator[Path]:
    tree = trees.get()
    try:
        yield tree
    finally:
        trees.put(tree)


@contextmanager
def _edited(tree: Path, edit: Edit) -> Iterator[None]:
    """The file without the defence. It comes back with its old date, by which its bytecode is known."""
    file = tree / edit.file
    text, dates = file.read_text(), file.stat()
    if (found := text.count(edit.text)) != edit.times:
        raise ValueError(f"{edit.file} has {found} times, not {edit.times}: {edit.text}")
    file.write_text(text.replace(edit.text, edit.instead))
    try:
        yield
    finally:
        file.write_text(text)
        os.utime(file, ns=(dates.st_atime_ns, dates.st_mtime_ns))


def _pytest(tree: Path, arguments: Iterable[str], needs: str, **environment: str) -> tuple[int, str]:
    """The exit code of a run over the stores that it needs and no other, and what it says."""
    command = [sys.executable, "-m", "pytest", "--tb=line", "-rfE", "-p", "no:cacheprovider", *arguments]
    env = {name: value for name, value in os.environ.items() if name not in STORES}
    env |= {**_stores(tree, needs), **environment}
    try:
        run = subprocess.run(  # noqa: S603
            command, cwd=tree, env=env, capture_output=True, text=True, check=False, timeout=PATIENCE
        )
    except subprocess.TimeoutExpired:
        return -1, f"no end after {PATIENCE} seconds"
    return run.returncode, run.stdout + run.stderr


def _stores(tree: Path, needs: str) -> Mapping[str, str]:
    """A database of this copy's own: pytest-django makes test_NAME, and two runs at once would share one."""
    if not needs:
        return {}
    store = os.environ[needs]
    if needs == "DATABASE_URL":
        store = store.rpartition("/")[0] + f"/defences_{os.getpid()}_{tree.name}"
    return {needs: store}


if __name__ == "__main__":
    sys.exit(main())
