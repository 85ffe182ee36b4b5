import pytest
from django.core import mail

from apps.authentication.models import EmailLink, SecurityEvent, Session
from apps.authentication.sessions import WrongCredentials, session_open
from tests.conftest import signed_in
from tests.factories import PASSWORD, UserFactory
from tests.threads import at_once, concurrent_writers
from tests.utils.test_throttling import allow

URL = "password/change"
NEW = "another good passphrase"
BODY = {"current_password": PASSWORD, "new_password": NEW}

pytestmark = pytest.mark.django_db


def test_the_new_password_counts_from_now_on(api, user, post):
    answer = post(URL, BODY, client=api)
    assert (answer.status_code, answer.json()["data"]) == (200, None)
    assert answer.json()["message"] == "Password changed. You are signed out everywhere else."
    assert post("login", {"email": user.email, "password": PASSWORD}).status_code == 401
    assert post("login", {"email": user.email, "password": NEW}).status_code == 200


def test_it_ends_every_other_session_of_this_user_at_once(user, post, sign_in, me, refresh):
    here, elsewhere, stranger = sign_in(user), sign_in(user), sign_in(UserFactory())
    client = signed_in(user)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {here['access']}")
    post(URL, BODY, client=client)
    assert me(here["access"]).status_code == 200
    assert refresh(here["refresh"]).status_code == 200
    assert me(elsewhere["access"]).status_code == 401
    assert refresh(elsewhere["refresh"]).status_code == 401
    assert me(stranger["access"]).status_code == 200


def test_links_on_their_way_end_with_the_old_password(api, user, post, token_in):
    post("password/reset", {"email": user.email})
    reset = token_in(user.email)
    post("email/change", {"email": "new@example.org", "password": PASSWORD}, client=api)
    change = token_in("new@example.org")
    post(URL, BODY, client=api)
    assert post("password/reset/confirm", {"token": reset, "new_password": "a third passphrase"}).status_code == 400
    assert post("email/verify", {"token": change}).status_code == 400
    user.refresh_from_db()
    assert user.check_password(NEW)


@pytest.mark.parametrize("wrong", ["not the password", f" {PASSWORD}", "", PASSWORD.upper()])
def test_the_current_password_is_asked_for(api, user, post, wrong):
    answer = post(URL, {"current_password": wrong, "new_password": NEW}, client=api)
    if wrong:
        assert (answer.status_code, answer.json()["code"]) == (403, "wrong_password")
        assert SecurityEvent.objects.filter(kind="wrong_password", user=user).count() == 1
    else:
        assert answer.status_code == 400
    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    assert not mail.outbox


@pytest.mark.parametrize("weak", ["short", "password12345", "0123456789", "viewer0@example.org"])
def test_a_weak_password_changes_nothing(post, weak):
    user = UserFactory(email="viewer0@example.org")
    session_open(user)
    answer = post(URL, {"current_password": PASSWORD, "new_password": weak}, client=signed_in(user))
    assert answer.status_code == 400
    assert {(error["field"], error["code"]) for error in answer.json()["errors"]} == {("new_password", "weak_password")}
    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    assert Session.objects.open().count() == 2


def test_the_owner_is_told_by_mail(api, user, post):
    post(URL, BODY, client=api)
    (sent,) = mail.outbox
    assert sent.to == [user.email]
    assert "If that was not you" in sent.body
    assert NEW not in sent.body


def test_guesses_beside_a_token_are_few(settings, api, post):
    allow(settings, password="2/minute")
    wrong = {"current_password": "a guess", "new_password": NEW}
    assert [post(URL, wrong, client=api).status_code for _ in range(2)] == [403, 403]
    assert post(URL, BODY, client=api).status_code == 429
    assert api.delete("/api/v1/auth/me/", {"password": PASSWORD}).status_code == 429
    assert post("email/change", {"email": "a@example.org", "password": PASSWORD}, client=api).status_code == 429
    assert api.patch("/api/v1/auth/me/", {"display_name": "Ann"}).status_code == 200
    assert api.get("/api/v1/auth/me/").status_code == 200


def test_a_login_that_was_checked_before_the_change_opens_no_session_after_it(user):
    user.set_password(NEW)
    user.save()
    stale = type(user).objects.get(pk=user.pk)
    user.set_password(PASSWORD)
    user.save()
    with pytest.raises(WrongCredentials):
        session_open(stale)
    assert not Session.objects.exists()


def test_one_spelling_of_a_password_in_unicode_is_every_spelling(user):
    user.set_password("ﬁne paßwörter \u212b")
    user.save()
    assert user.check_password("fine paßwo\u0308rter \u00c5")
    assert not user.check_password("fine passworter A")


class TestAtOnce:
    pytestmark = concurrent_writers

    def test_of_many_changes_one_wins(self, user, api):
        passwords = [f"good passphrase number {n}" for n in range(8)]
        bodies = [{"current_password": PASSWORD, "new_password": new} for new in passwords]
        codes = at_once(lambda body: api.post(f"/api/v1/auth/{URL}/", body).status_code, bodies)
        assert sorted(codes) == [200] + [403] * 7
        user.refresh_from_db()
        assert user.check_password(passwords[codes.index(200)])
        assert EmailLink.objects.count() == 0
