import pytest
from django.contrib.auth.models import Permission

from apps.recommendations import registry
from apps.recommendations.artifacts import MANIFEST
from apps.recommendations.models import ModelVersion
from apps.recommendations.serving import active_model, artifact_of
from apps.recommendations.training import train
from tests.conftest import signed_in
from tests.factories import UserFactory

URL = "/api/v1/recommendations/models/"
PAGE = "/admin/recommendations/modelversion/"


@pytest.fixture
def staff(db):
    return signed_in(UserFactory(is_staff=True))


def train_popular():
    return train(names=["popular"]).version


def lose(version):
    (artifact_of(version) / MANIFEST).unlink()


def test_staff_see_every_version_newest_first_with_its_best_engine_and_verdict(staff, community):
    first, second = train_popular(), train(names=["knn"]).version
    told = staff.get(URL).json()
    assert [row["name"] for row in told["data"]] == [second.name, first.name]
    assert [row["status"] for row in told["data"]] == ["active", "retired"]
    best = told["data"][1]["best"]
    assert (best["name"], best["ndcg"]) == ("popular", first.metrics["popular"]["ndcg"])
    assert told["data"][0]["verdict"] == second.card["verdict"]
    assert told["pagination"] == {"page": 1, "per_page": 20, "total": 2, "pages": 1}


def test_a_version_of_a_release_without_cards_is_listed_and_shown_without_one(staff):
    ModelVersion.objects.create(name="older", status="active")
    listed, shown = staff.get(URL).json()["data"][0], staff.get(f"{URL}older/").json()["data"]
    assert (listed["best"], listed["verdict"], shown["card"]) == (None, None, None)


@pytest.mark.parametrize("n_versions", [1, 15])
def test_the_list_costs_three_queries(staff, django_assert_num_queries, n_versions):
    ModelVersion.objects.bulk_create(ModelVersion(name=f"v{n}", status="retired") for n in range(n_versions))
    staff.get(URL)
    with django_assert_num_queries(3):  # who asks, count, page
        told = staff.get(URL).json()
    assert len(told["data"]) == n_versions


def test_the_list_comes_in_pages(staff):
    ModelVersion.objects.bulk_create(ModelVersion(name=f"v{n}", status="retired") for n in range(3))
    told = staff.get(URL, {"page": 2, "per_page": 2}).json()
    assert (len(told["data"]), told["pagination"]["total"]) == (1, 3)


def test_the_card_is_told_whole(staff, community):
    version = train(names=["knn"]).version
    told = staff.get(f"{URL}{version.name}/").json()["data"]
    assert told["card"] == version.card
    assert told["status"] == "active"


def test_an_unknown_name_is_not_found(staff):
    answers = [staff.get(f"{URL}nobody/"), staff.post(f"{URL}nobody/activate/")]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(404, "not_found")] * 2


def test_a_version_is_activated_and_the_one_before_comes_back(staff, community):
    first, second = train_popular(), train_popular()
    answer = staff.post(f"{URL}{first.name}/activate/")
    assert (answer.status_code, answer.json()["message"]) == (200, "This model answers now.")
    assert answer.json()["data"]["status"] == "active"
    assert active_model().name == first.name
    answer = staff.post(f"{URL}roll-back/")
    assert (answer.status_code, answer.json()["data"]["name"]) == (200, second.name)
    assert active_model().name == second.name


def test_what_cannot_be_read_is_refused_with_a_word_and_the_active_version_stays(staff, community):
    first, second = train_popular(), train_popular()
    lose(first)
    activated, rolled_back = staff.post(f"{URL}{first.name}/activate/"), staff.post(f"{URL}roll-back/")
    assert (activated.status_code, activated.json()["code"]) == (409, "artifact_corrupt")
    assert first.name in activated.json()["message"]
    assert (rolled_back.status_code, rolled_back.json()["code"]) == (409, "nothing_to_roll_back_to")
    assert active_model().name == second.name


REQUESTS = [("get", ""), ("get", "v1/"), ("post", "v1/activate/"), ("post", "roll-back/")]


@pytest.mark.parametrize(("method", "path"), REQUESTS)
def test_models_are_for_staff(stranger, anonymous, method, path):
    ModelVersion.objects.create(name="v1", status="retired")
    answers = [getattr(client, method)(f"{URL}{path}") for client in (stranger, anonymous)]
    assert [answer.status_code for answer in answers] == [403, 401]
    assert ModelVersion.objects.get().status == "retired"


def in_the_admin(client, *permissions):
    staff = UserFactory(is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(staff)
    return client


def press(client, action, *versions):
    form = {"action": action, "_selected_action": [version.pk for version in versions]}
    return client.post(PAGE, form, follow=True).content.decode()


def test_the_admin_shows_the_verdict_and_leads_to_the_card(client, community):
    version = train(names=["knn"]).version
    looker = in_the_admin(client, "view_modelversion")
    listing, card = looker.get(PAGE).content.decode(), looker.get(f"{PAGE}{version.pk}/card/").content.decode()
    assert "Promoted unjudged" in listing
    assert f"{PAGE}{version.pk}/card/" in listing
    assert "popular (baseline)" in card
    assert "random (baseline)" in card
    assert "member=ease" in card
    assert "0 to 4: " in card
    assert "style=" not in card.partition('id="content-main"')[2].partition("</main>")[0]


def test_there_is_no_card_where_none_was_written_and_none_for_others(client, community):
    version = ModelVersion.objects.create(name="older")
    assert in_the_admin(client, "view_modelversion").get(f"{PAGE}{version.pk}/card/").status_code == 404
    assert client.get(f"{PAGE}{version.pk + 1}/card/").status_code == 404
    assert in_the_admin(client).get(f"{PAGE}{version.pk}/card/").status_code == 403


def test_the_admin_activates_one_version_and_rolls_back(client, community):
    first, second = train_popular(), train_popular()
    editor = in_the_admin(client, "view_modelversion", "change_modelversion")
    assert "Choose one version to answer." in press(editor, "activate", first, second)
    assert active_model().name == second.name
    assert f"{first.name} answers now." in press(editor, "activate", first)
    assert active_model().name == first.name
    assert f"{second.name} answers again." in press(editor, "roll_back", first)
    assert active_model().name == second.name
    lose(first)
    assert "cannot be read" in press(editor, "activate", first)
    assert "No model that answered before can be read" in press(editor, "roll_back", first)
    assert active_model().name == second.name


def test_staff_who_may_only_look_change_nothing(client, community):
    first, second = train_popular(), train_popular()
    looker = in_the_admin(client, "view_modelversion")
    press(looker, "activate", first)
    press(looker, "roll_back", first)
    assert active_model().name == second.name


def test_the_names_in_a_card_are_those_of_the_registry_and_chance(community):
    card = train(names=["knn", "genre_affinity"]).version.card
    assert {told["name"] for told in card["figures"]} - {*registry.NAMES} == {"random"}
