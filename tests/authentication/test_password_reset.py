from datetime import timedelta

import pytest
from django.core import mail

from apps.authentication.models import EmailLink, SecurityEvent, Session
from tests.authentication.test_login import CountingHasher
from tests.factories import PASSWORD, UserFactory
from tests.threads import at_once, concurrent_writers
from tests.utils.test_throttling import allow

ASK, CONFIRM = "password/reset", "password/reset/confirm"
NEW = "another good passphrase"

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann():
    return UserFactory(email="ann@example.org")


@pytest.fixture
def token(ann, post, token_in):
    post(ASK, {"email": "ann@example.org"})
    return token_in("ann@example.org")


def test_the_link_sets_a_new_password_once(ann, post, token):
    answer = post(CONFIRM, {"token": token, "new_password": NEW})
    assert (answer.status_code, answer.json()["message"]) == (200, "Password changed. Sign in with the new one.")
    assert post("login", {"email": ann.email, "password": NEW}).status_code == 200
    assert post("login", {"email": ann.email, "password": PASSWORD}).status_code == 401
    again = post(CONFIRM, {"token": token, "new_password": "a third good passphrase"})
    assert (again.status_code, again.json()["code"]) == (400, "link_not_valid")
    assert post("login", {"email": ann.email, "password": NEW}).status_code == 200


def test_it_ends_every_session_and_proves_the_mailbox(ann, post, token, sign_in, me, refresh):
    pairs = [sign_in(ann) for _ in range(2)]
    post(CONFIRM, {"token": token, "new_password": NEW})
    assert [me(pair["access"]).status_code for pair in pairs] == [401, 401]
    assert [refresh(pair["refresh"]).status_code for pair in pairs] == [401, 401]
    ann.refresh_from_db()
    assert ann.is_email_verified
    assert mail.outbox[-1].subject == "Marquee: Your password was changed"


@pytest.mark.parametrize("email", ["ann@example.org", "nobody@example.org", "gone@example.org", "not an address", "  "])
def test_every_address_hears_the_same(ann, post, email):
    UserFactory(email="gone@example.org", is_active=False)
    answer = post(ASK, {"email": email})
    if not email.strip():
        assert answer.status_code == 400
        return
    assert (answer.status_code, answer.json()) == (
        202,
        {"success": True, "data": None, "message": "If there is an account with this address, a mail is on its way."},
    )
    assert [sent.to for sent in mail.outbox] == ([["ann@example.org"]] if email == "ann@example.org" else [])


@pytest.mark.parametrize("email", ["ann@example.org", "nobody@example.org"])
def test_asking_costs_no_hash_and_no_query_but_what_a_job_does_later(
    settings, ann, anonymous, email, django_assert_num_queries
):
    settings.PASSWORD_HASHERS = [f"{CountingHasher.__module__}.CountingHasher"]
    before = CountingHasher.hashes
    with django_assert_num_queries(0):  # nothing is committed here, so the job does not run
        anonymous.post(f"/api/v1/auth/{ASK}/", {"email": email})
    assert CountingHasher.hashes == before


def test_every_spelling_finds_the_account_and_the_mail_goes_to_its_own(ann, post):
    post(ASK, {"email": "\uff21NN@Example.ORG"})
    assert [sent.to for sent in mail.outbox] == [["ann@example.org"]]


def test_the_mail_is_text_and_html_with_one_link_that_names_nobody(settings, ann, post):
    settings.FRONTEND_URL = "https://app.example.org"
    post(ASK, {"email": "ann@example.org"})
    (sent,) = mail.outbox
    ((html, kind),) = sent.alternatives
    assert kind == "text/html"
    link = next(line for line in sent.body.splitlines() if line.startswith("https://"))
    page, token = link.split("#token=")
    assert page == "https://app.example.org/reset-password"
    assert len(token) == 43  # 256 bits
    assert html.count(link) == 2
    assert "ann@" not in sent.body + html
    assert "one hour" in sent.body
    assert token not in repr(list(EmailLink.objects.values()))


def test_a_link_is_good_for_an_hour(ann, post, token_in, time_machine):
    time_machine.move_to("2026-05-01T12:00:00Z", tick=False)
    post(ASK, {"email": "ann@example.org"})
    token = token_in("ann@example.org")
    time_machine.shift(timedelta(hours=1))
    assert post(CONFIRM, {"token": token, "new_password": NEW}).json()["code"] == "link_not_valid"


def test_only_the_newest_link_works(ann, post, token, token_in):
    post(ASK, {"email": "ann@example.org"})
    newest = token_in("ann@example.org")
    assert post(CONFIRM, {"token": token, "new_password": NEW}).status_code == 400
    assert post(CONFIRM, {"token": newest, "new_password": NEW}).status_code == 200


@pytest.mark.parametrize("change", [{"is_active": False}, {"is_active": True}])
def test_a_link_of_an_account_that_was_switched_off_does_nothing(ann, post, token, change):
    type(ann).objects.update(**change)
    answer = post(CONFIRM, {"token": token, "new_password": NEW})
    assert answer.status_code == (200 if change["is_active"] else 400)


def test_a_weak_password_is_refused_and_leaves_the_link_as_it_was(ann, post, token):
    answer = post(CONFIRM, {"token": token, "new_password": "ann@example.org"})
    assert answer.status_code == 400
    assert {error["field"] for error in answer.json()["errors"]} == {"new_password"}
    assert {error["code"] for error in answer.json()["errors"]} == {"weak_password"}
    assert post(CONFIRM, {"token": token, "new_password": NEW}).status_code == 200


@pytest.mark.parametrize("token", ["", "x", "a" * 43, "nul\0", "\u00fc" * 43, "a" * 201])
def test_what_is_no_token_is_a_400(post, token):
    assert post(CONFIRM, {"token": token, "new_password": NEW}).status_code == 400


def test_a_link_of_another_purpose_does_not_work(ann, post, token):
    EmailLink.objects.update(purpose=EmailLink.Purpose.VERIFY_EMAIL)
    assert post(CONFIRM, {"token": token, "new_password": NEW}).json()["code"] == "link_not_valid"


def test_asking_and_using_are_on_the_trail_with_the_request_that_asked(ann, post, anonymous, token_in):
    anonymous.credentials(HTTP_X_REQUEST_ID="reset-asked-here", HTTP_USER_AGENT="Firefox", REMOTE_ADDR="203.0.113.7")
    post(ASK, {"email": "ann@example.org"})
    post(CONFIRM, {"token": token_in("ann@example.org"), "new_password": NEW})
    asked, done = SecurityEvent.objects.order_by("pk")
    assert (asked.kind, asked.user, asked.request_id) == ("password_reset_asked", ann, "reset-asked-here")
    assert (asked.device, asked.address) == ("Firefox", "203.0.113.0/24")
    assert done.kind == "password_reset"


@pytest.mark.parametrize("email", ["ann@example.org", "nobody@example.org"])
def test_mails_to_one_address_are_few_whoever_asks(settings, ann, anonymous, email):
    allow(settings, mail_account="2/minute", mail_address="50/minute")
    answers = [
        anonymous.post(f"/api/v1/auth/{ASK}/", {"email": email}, REMOTE_ADDR=f"198.51.100.{n}").status_code
        for n in range(4)
    ]
    assert answers == [202, 202, 429, 429]


def test_one_address_asks_for_few_and_tries_few_links(settings, post):
    allow(settings, mail_address="2/minute", links="2/minute")
    assert [post(ASK, {"email": f"a{n}@example.org"}).status_code for n in range(3)] == [202, 202, 429]
    guess = {"token": "a" * 43, "new_password": NEW}
    assert [post(CONFIRM, guess).status_code for _ in range(3)] == [400, 400, 429]


def test_a_link_in_a_mailbox_that_is_theirs_no_more_does_nothing(ann, post, token):
    ann.email = "new@example.org"
    ann.save()
    assert post(CONFIRM, {"token": token, "new_password": NEW}).json()["code"] == "link_not_valid"


class TestAtOnce:
    pytestmark = concurrent_writers

    def test_one_link_used_by_many_sets_one_password(self, ann, post, token, anonymous):
        passwords = [f"good passphrase number {n}" for n in range(8)]

        def confirm(password):
            return anonymous.post(f"/api/v1/auth/{CONFIRM}/", {"token": token, "new_password": password}).status_code

        codes = at_once(confirm, passwords)
        assert sorted(codes) == [200] + [400] * 7
        ann.refresh_from_db()
        assert ann.check_password(passwords[codes.index(200)])
        assert not Session.objects.exists()
