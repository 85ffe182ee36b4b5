import hashlib
import json
import os

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from apps.recommendations import artifacts
from apps.recommendations.artifacts import ArtifactCorrupt, read_artifact, write_artifact
from apps.recommendations.engines.contract import NotFittedError
from apps.recommendations.registry import build
from tests.recommendations.synthetic import two_camps

IDS = np.arange(12)


@pytest.fixture
def path(tmp_path):
    dataset = two_camps()
    engines = {name: build(name).fit(dataset) for name in ("popular", "knn")}
    return write_artifact(tmp_path, "v1", engines, {"tmdb_ids": IDS, "genres": dataset.item_genres})


def rewrite(path, change):
    """Change the content of a manifest and sign it anew, as somebody who means harm would."""
    content = json.loads((path / "manifest.json").read_text())["content"]
    change(content)
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    (path / "manifest.json").write_text(json.dumps({"sha256": digest, "content": content}))


def test_what_was_written_is_read_back(path):
    artifact = read_artifact(path)
    assert artifact.version == "v1"
    assert list(artifact.engines) == ["knn", "popular"]
    np.testing.assert_array_equal(artifact.shared["tmdb_ids"], IDS)
    np.testing.assert_array_equal(artifact.shared["genres"].toarray(), two_camps().item_genres.toarray())


def test_hyperparameters_come_back(tmp_path):
    engine = build("knn", n_neighbours=3, shrinkage=2.5).fit(two_camps())
    loaded = read_artifact(write_artifact(tmp_path, "v1", {"knn": engine}, {})).engines["knn"]
    assert loaded.params() == engine.params()


def test_arrays_are_mapped_and_read_only(path):
    artifact = read_artifact(path)
    ids, data = artifact.shared["tmdb_ids"], artifact.engines["knn"].neighbours.data
    assert isinstance(ids.base, np.memmap)
    assert not ids.flags.writeable
    assert not data.flags.writeable


def test_what_was_read_can_be_written_again(path, tmp_path):
    artifact = read_artifact(path)
    again = read_artifact(write_artifact(tmp_path, "v2", artifact.engines, artifact.shared))
    np.testing.assert_array_equal(again.engines["knn"].neighbours.data, artifact.engines["knn"].neighbours.data)


def test_empty_arrays_survive(tmp_path):
    shared = {"none": np.zeros((0, 3), dtype=np.float32), "empty": csr_matrix((2, 0))}
    loaded = read_artifact(write_artifact(tmp_path, "v1", {}, shared)).shared
    assert loaded["none"].shape == (0, 3)
    assert loaded["empty"].shape == (2, 0)


def test_a_version_is_written_once(path, tmp_path):
    with pytest.raises(FileExistsError):
        write_artifact(tmp_path, "v1", {}, {})


def test_an_interrupted_writing_leaves_nothing(tmp_path):
    with pytest.raises(NotFittedError):
        write_artifact(tmp_path, "v1", {"popular": build("popular").fit(two_camps()), "knn": build("knn")}, {})
    assert list(tmp_path.iterdir()) == []


def test_objects_are_refused_as_they_would_need_a_pickle(tmp_path):
    with pytest.raises(ValueError, match="allow_pickle"):
        write_artifact(tmp_path, "v1", {}, {"titles": np.array(["Heat", None], dtype=object)})
    assert list(tmp_path.iterdir()) == []


def test_other_users_of_the_machine_may_read(path):
    assert path.stat().st_mode & 0o055 == 0o055


@pytest.mark.parametrize("name", ["", ".", "..", "../v1", "a/b", "/etc", "v1\n", ".hidden", "é"])
def test_a_name_that_is_not_plain_is_not_written(tmp_path, name):
    with pytest.raises(ValueError, match="plain name"):
        write_artifact(tmp_path / "root", name, {}, {})
    with pytest.raises(ValueError, match="plain name"):
        write_artifact(tmp_path / "root", "v1", {}, {name: IDS})


def test_an_engine_goes_under_its_own_name_only(tmp_path):
    with pytest.raises(ValueError, match="not the engine"):
        write_artifact(tmp_path, "v1", {"knn": build("popular").fit(two_camps())}, {})


def every_file(path):
    return sorted(file for file in path.rglob("*") if file.is_file())


def test_a_flipped_bit_anywhere_is_noticed(path):
    for file in every_file(path):
        whole = file.read_bytes()
        for place in np.linspace(0, len(whole) - 1, 25).astype(int):
            file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            if file.name == "manifest.json" and same_json(whole, file.read_bytes()):
                continue
            with pytest.raises(ArtifactCorrupt):
                read_artifact(path)
        file.write_bytes(whole)
    read_artifact(path)


def same_json(one, other):
    try:
        return json.loads(one) == json.loads(other)
    except ValueError:
        return False


def test_a_file_that_is_missing_or_cut_short_is_noticed(path):
    for file in every_file(path):
        whole = file.read_bytes()
        file.write_bytes(whole[:-3])
        with pytest.raises(ArtifactCorrupt):
            read_artifact(path)
        file.unlink()
        with pytest.raises(ArtifactCorrupt, match="cannot be read"):
            read_artifact(path)
        file.write_bytes(whole)


def test_no_artifact_at_all_is_corrupt(tmp_path):
    with pytest.raises(ArtifactCorrupt, match="cannot be read"):
        read_artifact(tmp_path / "v9")


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"sha256": "", "content": []}', "\xff"])
def test_a_manifest_of_another_shape_is_corrupt(path, text):
    (path / "manifest.json").write_text(text, encoding="latin-1")
    with pytest.raises(ArtifactCorrupt):
        read_artifact(path)


def test_an_engine_that_the_registry_lost_is_corrupt(path):
    rewrite(path, lambda content: content["engines"].update(oracle=content["engines"]["knn"]))
    with pytest.raises(ArtifactCorrupt, match="'oracle'"):
        read_artifact(path)


def test_a_newer_format_is_named(path):
    rewrite(path, lambda content: content.update(format=2))
    with pytest.raises(ArtifactCorrupt, match="format 2"):
        read_artifact(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content["engines"]["knn"]["params"].update(charm=1),
        lambda content: content["engines"]["knn"]["arrays"].clear(),
        lambda content: content["engines"]["knn"].pop("params"),
        lambda content: content.update(engines=3),
        lambda content: content.pop("shared"),
        lambda content: content["engines"]["knn"]["arrays"]["neighbours"].update(shape=[12, 2]),
        lambda content: content["engines"]["knn"]["arrays"]["neighbours"].update(shape="twelve"),
    ],
)
def test_a_manifest_that_does_not_fit_the_program_is_corrupt(path, change):
    rewrite(path, change)
    with pytest.raises(ArtifactCorrupt):
        read_artifact(path)


@pytest.mark.parametrize("name", ["../secret", "/secret", "..", "a/../../secret", "secret\0"])
def test_a_manifest_cannot_point_out_of_its_directory(path, tmp_path, name):
    np.save(tmp_path / "secret.npy", IDS)
    digest = hashlib.sha256((tmp_path / "secret.npy").read_bytes()).hexdigest()
    rewrite(path, lambda content: content["shared"].update({name: {"sha256": digest}}))
    with pytest.raises(ArtifactCorrupt, match="plain name"):
        read_artifact(path)


def test_a_pickle_in_place_of_an_array_is_never_opened(path):
    np.save(path / "shared" / "tmdb_ids.npy", np.array([print], dtype=object), allow_pickle=True)
    digest = hashlib.sha256((path / "shared" / "tmdb_ids.npy").read_bytes()).hexdigest()
    rewrite(path, lambda content: content["shared"]["tmdb_ids"].update(sha256=digest))
    with pytest.raises(ArtifactCorrupt, match="is no array"):
        read_artifact(path)


def test_the_draft_is_on_disk_before_it_gets_its_name(tmp_path, monkeypatch):
    """Every file and folder is synced while still a draft, and the root after the renaming."""
    synced = []
    monkeypatch.setattr(artifacts.os, "fsync", lambda file: synced.append(os.readlink(f"/proc/self/fd/{file}")))
    path = write_artifact(tmp_path, "v1", {"popular": build("popular").fit(two_camps())}, {"ids": IDS})
    drafts = {name.split("/", 1)[-1] for name in (os.path.relpath(place, tmp_path) for place in synced[:-1])}
    assert {str(file.relative_to(path)) for file in path.rglob("*")} <= drafts
    assert synced[-1] == str(tmp_path)
