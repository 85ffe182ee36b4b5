"""An alert on a figure that nobody counts would be silent for ever."""

import re
from pathlib import Path

import pytest
import yaml
from django.conf import settings as django_settings
from prometheus_client.parser import text_string_to_metric_families

from apps.operations.models import JobRecord
from apps.recommendations.training import train
from tests.factories import FavoriteFactory, MovieFactory
from utils import shared

ROOT = Path(__file__).resolve().parents[2]
RULES = yaml.safe_load((ROOT / "deploy" / "alerts.yml").read_text())["groups"][0]["rules"]
RUNBOOK = ROOT / "docs" / "RUNBOOK.md"
NEEDS_REDIS = {"marquee_queue_length"}


def names_of(rule):
    return set(re.findall(r"marquee_\w+", rule["expr"]))


@pytest.fixture
def counted(client, api, user, tmdb, settings):
    """What a server that has done a little of everything tells a scrape: label sets by metric."""
    FavoriteFactory.create_batch(3, user=user)
    MovieFactory.create_batch(3)
    train(names=("popular",), say=lambda _: None)
    api.get("/api/v1/recommendations/?algorithm=knn")  # which was not trained: popular stands in
    client.get("/api/v1/movies/popular/")
    client.get("/api/v1/movies/popular/")
    JobRecord.objects.record("backup", seconds=1.0)
    JobRecord.objects.record("backup", seconds=1.0, error="the disk is full")
    settings.CELERY_BROKER_URL = settings.REDIS_URL
    shared.FAILURES.inc(0)
    told = {}
    for family in text_string_to_metric_families(client.get("/metrics").content.decode()):
        for sample in family.samples:
            told.setdefault(sample.name, []).append(sample.labels)
    return told


def test_every_figure_that_an_alert_goes_by_is_counted(counted):
    wanted = set().union(*map(names_of, RULES))
    if not django_settings.REDIS_URL:
        wanted -= NEEDS_REDIS
    assert wanted <= set(counted)


def test_every_label_that_an_alert_goes_by_is_there(counted):
    for rule in RULES:
        for name, labels in re.findall(r"(marquee_\w+)\{(.*?)\}", rule["expr"]):
            wanted = set(re.findall(r"(\w+)=", labels))
            assert all(wanted <= set(there) for there in counted[name]), f"{rule['alert']}: {name}"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_what_to_do_about_an_alert_is_in_the_runbook(rule):
    assert f"### {rule['alert']}\n" in RUNBOOK.read_text()
