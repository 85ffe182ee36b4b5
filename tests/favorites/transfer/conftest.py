import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

URL = "/api/v1/library/import/"


@pytest.fixture
def send(api, django_capture_on_commit_callbacks):
    """Sends a file as ``user`` (or through another client), and lets the job that follows run."""

    def send_file(data, name="export.zip", *, client=api, headers=None, **fields):
        with django_capture_on_commit_callbacks(execute=True):
            body = {"file": SimpleUploadedFile(name, data), **fields}
            return client.post(URL, body, format="multipart", headers=headers)

    return send_file


@pytest.fixture
def act(api, django_capture_on_commit_callbacks):
    """Posts to an import's own address, ``apply`` or ``undo``, and lets the job that follows run."""

    def post(job, action, *, client=api):
        with django_capture_on_commit_callbacks(execute=True):
            return client.post(f"{URL}{job}/{action}/")

    return post


@pytest.fixture
def imported(api, send):
    """Sends a file and waits; the import as it is then."""

    def send_and_look(data, name="export.zip", **fields):
        response = send(data, name, **fields)
        assert response.status_code == 202, response.content
        return api.get(f"{URL}{response.json()['data']['id']}/").json()["data"]

    return send_and_look


@pytest.fixture
def rows(api):
    """Every row of an import as the API tells of it."""

    def read(job, **query):
        return api.get(f"{URL}{job['id']}/rows/", {"per_page": 100, **query}).json()["data"]

    return read


@pytest.fixture
def undoing(act):
    return lambda job: act(job["id"], "undo")
