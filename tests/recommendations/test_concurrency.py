from apps.recommendations.models import ModelVersion
from tests.threads import at_once, concurrent_writers

pytestmark = concurrent_writers


def test_of_versions_activated_at_once_one_answers():
    versions = [ModelVersion.objects.create(name=str(number)) for number in range(9)]
    ModelVersion.objects.activate(versions.pop())
    at_once(ModelVersion.objects.activate, versions)
    assert ModelVersion.objects.filter(status="active").count() == 1
