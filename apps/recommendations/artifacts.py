"""Fitted engines on disk: arrays and a manifest, written once, whole or not at all, and never a pickle.

    ROOT/VERSION/manifest.json          {"sha256": of the content, "content": {format, version, engines, shared}}
    ROOT/VERSION/ENGINE/ARRAY.npy       a CSR matrix is ARRAY.data.npy, ARRAY.indices.npy and ARRAY.indptr.npy
    ROOT/VERSION/shared/ARRAY.npy       what is no engine's own

Nothing in a manifest is used as a path before it is known to be a plain name, nothing is loaded before its sha256 is
found right. Arrays come back mapped from the files and read-only: a second process shares the first one's memory.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, issparse

from apps.recommendations.engines.blend import Blend
from apps.recommendations.engines.contract import Array, Engine
from apps.recommendations.registry import ENGINES, build

FORMAT = 1
MANIFEST = "manifest.json"
SHARED = "shared"
LOCK = ".training"
ABANDONED = 3600  # seconds
CSR_PARTS = ("data", "indices", "indptr")
PLAIN_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*", re.IGNORECASE | re.ASCII)


class ArtifactCorrupt(Exception):
    """An artifact is not what was written; the message says in a sentence what is wrong with it."""


@dataclass(frozen=True)
class Artifact:
    """What one training run left behind. Every array is mapped from its file and read-only."""

    version: str
    engines: dict[str, Engine]
    shared: dict[str, Array]


@contextmanager
def only_writer(root: Path) -> Iterator[bool]:
    """Whether nobody else is in here with these artifacts; whoever dies in here is out at once."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / LOCK).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def write_artifact(root: Path, version: str, engines: Mapping[str, Engine], shared: Mapping[str, Array]) -> Path:
    """Write fitted engines, with their parts, and shared arrays to ``root / version`` and return that directory.

    It appears under its name complete and on disk, or not at all. Raises FileExistsError where the version is taken,
    ValueError for a name that is no plain one or stands for two engines, NotFittedError for one never fitted, OSError
    where there is no room for it.
    """
    target = root / _plain(version)
    if target.exists():
        raise FileExistsError(f"The artifact {target} exists already.")
    root.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{version}.", dir=root))
    try:
        content = {
            "format": FORMAT,
            "version": version,
            "engines": {
                name: {
                    "params": engine.params(),
                    "arrays": _write_arrays(draft / _engine(name, engine), engine.state()),
                }
                for name, engine in _with_parts(engines).items()
            },
            "shared": _write_arrays(draft / SHARED, shared),
        }
        manifest = {"sha256": _sha256_of_content(content), "content": content}
        _write_bytes(draft / MANIFEST, json.dumps(manifest, indent=2, sort_keys=True, allow_nan=False).encode())
        draft.chmod(0o755)  # mkdtemp's 0700 would shut out a web process of another user
        _sync(draft)
        draft.rename(target)
    except BaseException as exc:
        shutil.rmtree(draft, ignore_errors=True)
        if isinstance(exc, OSError) and exc.errno == errno.ENOSPC:
            free = shutil.disk_usage(root).free // 2**20
            raise OSError(errno.ENOSPC, f"There is no room for the artifact: {free} MiB are free", str(root)) from exc
        raise
    _sync(root)
    return target


def forget_drafts(root: Path) -> None:
    """Delete what a writer who was killed left, after an hour without a change."""
    for draft in root.glob(".*/"):
        with suppress(FileNotFoundError):  # a writer has just made it whole
            if time.time() - draft.stat().st_mtime > ABANDONED:
                shutil.rmtree(draft, ignore_errors=True)


def read_artifact(path: Path) -> Artifact:
    """The engines and shared arrays of one version's directory; ArtifactCorrupt if anything about it is wrong."""
    content = _read_manifest(path)
    try:
        engines = {name: _read_engine(path, name, entry) for name, entry in content["engines"].items()}
        for engine in engines.values():
            if isinstance(engine, Blend):
                engine.join(engines)
        return Artifact(content["version"], engines, _read_arrays(path / SHARED, content["shared"]))
    except (KeyError, TypeError, AttributeError) as exc:  # content of another shape than ours
        raise ArtifactCorrupt(f"The manifest of {path} is not complete: {exc!r}.") from exc


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((path / MANIFEST).read_bytes())
        content: dict[str, Any] = manifest["content"]
        expected, form = manifest["sha256"], content["format"]
    except OSError as exc:
        raise ArtifactCorrupt(f"The manifest of {path} cannot be read: {exc.strerror}.") from exc
    except (ValueError, KeyError, TypeError) as exc:
        raise ArtifactCorrupt(f"The manifest of {path} is not one of ours: {exc!r}.") from exc
    if _sha256_of_content(content) != expected:
        raise ArtifactCorrupt(f"The manifest of {path} was changed after it was written.")
    if form != FORMAT:
        raise ArtifactCorrupt(f"The artifact {path} has format {form}; this program reads format {FORMAT}.")
    return content


def _read_engine(path: Path, name: str, entry: Mapping[str, Any]) -> Engine:
    if name not in ENGINES:
        raise ArtifactCorrupt(f"The artifact {path} holds an engine {name!r} that this program does not know.")
    state = _read_arrays(path / name, entry["arrays"])
    try:
        return build(name, **entry["params"]).restore(state)
    except (KeyError, TypeError) as exc:
        raise ArtifactCorrupt(f"The engine {name} of {path} does not fit this program: {exc!r}.") from exc


def _read_arrays(folder: Path, entries: Mapping[str, Any]) -> dict[str, Array]:
    return {name: _read_array(folder, name, entry) for name, entry in entries.items()}


def _read_array(folder: Path, name: str, entry: Mapping[str, Any]) -> Array:
    if not PLAIN_NAME.fullmatch(name):
        raise ArtifactCorrupt(f"The manifest beside {folder} names an array {name!r}, which is no plain name.")
    if "shape" not in entry:
        return _map(folder / f"{name}.npy", entry["sha256"])
    data, indices, indptr = (_map(folder / f"{name}.{part}.npy", entry["sha256"][part]) for part in CSR_PARTS)
    try:
        matrix = csr_matrix((data, indices, indptr), shape=tuple(entry["shape"]))
        matrix.check_format(full_check=True)
    except ValueError as exc:
        raise ArtifactCorrupt(f"The matrix {name} in {folder} is not a CSR matrix: {exc}.") from exc
    return matrix


def _map(path: Path, sha256: str) -> np.ndarray[Any, Any]:
    try:
        if _sha256_of_file(path) != sha256:
            raise ArtifactCorrupt(f"The array {path} was changed after it was written.")
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except OSError as exc:
        raise ArtifactCorrupt(f"The array {path} cannot be read: {exc.strerror}.") from exc
    except ValueError as exc:
        raise ArtifactCorrupt(f"The array {path} is no array: {exc}.") from exc


def _write_arrays(folder: Path, arrays: Mapping[str, Array]) -> dict[str, Any]:
    """Save arrays into a new folder, and return their entries for the manifest."""
    folder.mkdir()
    entries = {name: _write_array(folder, _plain(name), array) for name, array in arrays.items()}
    _sync(folder)
    return entries


def _write_array(folder: Path, name: str, array: Array) -> dict[str, Any]:
    if not issparse(array):
        return {"sha256": _save(folder / f"{name}.npy", array)}
    matrix = csr_matrix(array)
    if not matrix.has_canonical_format:  # scipy would sort it in place, which a mapped matrix forbids
        matrix = matrix.copy()
        matrix.sum_duplicates()
    parts = {part: _save(folder / f"{name}.{part}.npy", getattr(matrix, part)) for part in CSR_PARTS}
    return {"shape": list(matrix.shape), "sha256": parts}


def _save(path: Path, array: np.ndarray[Any, Any]) -> str:
    """Save one array, and return the sha256 of its file."""
    with path.open("wb") as file:
        np.save(file, array, allow_pickle=False)
        file.flush()
        os.fsync(file.fileno())
    return _sha256_of_file(path)


def _write_bytes(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """Put the names in a folder on disk, as fsync of a file does with its bytes."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sha256_of_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sha256_of_content(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _plain(name: str) -> str:
    if not PLAIN_NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no plain name: letters, digits, - and _ only.")
    return name


def _with_parts(engines: Mapping[str, Engine]) -> dict[str, Engine]:
    """These engines and those that they are made of, each once."""
    every = dict(engines)
    for blend in (engine for engine in engines.values() if isinstance(engine, Blend)):
        for name, part in blend.parts.items():
            if every.setdefault(name, part) is not part:
                raise ValueError(f"Two engines go by the name {name!r}; {blend.name} is made of another one.")
    return every


def _engine(name: str, engine: Engine) -> str:
    if ENGINES.get(name) is not type(engine):
        raise ValueError(f"{type(engine).__name__} is not the engine that the registry calls {name!r}.")
    return name
