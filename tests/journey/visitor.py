"""Somebody who speaks with the server over HTTP."""

import json
from base64 import urlsafe_b64decode
from itertools import cycle
from uuid import uuid4

import requests

from tests.journey.server import PATIENCE

PASSWORD = "four words nobody guesses"
LISTS = "recommendations/"


class Visitor:
    """Asks the web processes in turn, over a new connection each time; keeps the tokens that it is given."""

    def __init__(self, server):
        self.server, self.ports = server, cycle(server.ports)
        self.headers = {}

    def send(self, method, path, *, port=None, **kwargs):
        """The answer, whatever it is."""
        url = f"http://127.0.0.1:{port or next(self.ports)}/api/v1/{path.removeprefix('/api/v1/')}"
        return requests.request(method, url, headers=self.headers, timeout=PATIENCE, **kwargs)

    def ask(self, method, path, body=None, *, port=None, **query):
        """The envelope of an answer that is no failure; None where it has no body."""
        answer = self.send(method, path, port=port, json=body, params=query)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def get(self, path, *, port=None, **query):
        return self.ask("GET", path, port=port, **query)

    @property
    def pk(self):
        """As the access token tells it."""
        claims = self.headers["Authorization"].split(".")[1]
        return int(json.loads(urlsafe_b64decode(claims + "=="))["sub"])

    def register(self):
        told = self.ask("POST", "auth/register/", {"email": f"{uuid4()}@example.org", "password": PASSWORD})
        self.headers = {"Authorization": f"Bearer {told['data']['access']}"}
        return self


def films(body):
    """TMDb ids of an answer's films, in order."""
    return [item["movie"]["tmdb_id"] for item in body["data"]]


def list_id(body):
    return body["meta"]["recommendation_id"]
