"""Reading lists of films in tests."""


def listed(client, path="", **query):
    """The TMDb ids of one page, in its order."""
    response = client.get(f"/api/v1/movies/{path}", query)
    assert response.status_code == 200, response.content
    return [film["tmdb_id"] for film in response.json()["data"]]


def refused(client, path="", **query):
    """The (field, code) of everything that a 400 complains of."""
    response = client.get(f"/api/v1/movies/{path}", query)
    assert response.status_code == 400, response.content
    assert response.json()["code"] == "validation_error"
    return [(error["field"], error["code"]) for error in response.json()["errors"]]
