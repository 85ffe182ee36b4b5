from datetime import timedelta

import pytest
from django.core import mail

from apps.authentication.mails import mail_email_change
from apps.authentication.models import EmailLink, SecurityEvent, User
from tests.conftest import signed_in
from tests.factories import PASSWORD, UserFactory
from tests.utils.test_throttling import allow

VERIFY, RESEND, CHANGE = "email/verify", "email/verify/resend", "email/change"
NEW = {"email": "new@example.org", "password": PASSWORD}

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann():
    return UserFactory(email="ann@example.org")


def verified(client):
    return client.get("/api/v1/auth/me/").json()["data"]["is_email_verified"]


def test_registering_sends_a_link_that_proves_the_address_once(post, token_in, anonymous):
    answer = post("register", {"email": "Ann@example.org", "password": "a good passphrase of hers"})
    anonymous.credentials(HTTP_AUTHORIZATION=f"Bearer {answer.json()['data']['access']}")
    assert verified(anonymous) is False
    token = token_in("Ann@example.org")
    done = post(VERIFY, {"token": token})
    assert (done.status_code, done.json()["message"]) == (200, "This address is yours.")
    assert verified(anonymous) is True
    assert post(VERIFY, {"token": token}).json()["code"] == "link_not_valid"


@pytest.mark.parametrize(
    ("email", "mails"),
    [("ann@example.org", 1), ("ANN@Example.org", 1), ("proved@example.org", 0), ("nobody@example.org", 0)],
)
def test_a_link_is_sent_again_where_one_is_missing_and_everybody_hears_the_same(ann, post, email, mails):
    UserFactory(email="proved@example.org", is_email_verified=True)
    answer = post(RESEND, {"email": email})
    assert answer.status_code == 202
    assert answer.json()["message"] == "If this address waits to be verified, a mail is on its way."
    assert len(mail.outbox) == mails


def test_a_link_is_good_for_three_days(ann, post, token_in, time_machine):
    time_machine.move_to("2026-05-01T12:00:00Z", tick=False)
    post(RESEND, {"email": ann.email})
    token = token_in(ann.email)
    time_machine.shift(timedelta(days=3))
    assert post(VERIFY, {"token": token}).status_code == 400


def test_a_link_to_another_address_than_todays_proves_nothing(ann, post, token_in):
    post(RESEND, {"email": ann.email})
    token = token_in(ann.email)
    User.objects.filter(pk=ann.pk).update(email="else@example.org", email_key="else@example.org")
    assert post(VERIFY, {"token": token}).status_code == 400
    ann.refresh_from_db()
    assert not ann.is_email_verified


def test_a_new_address_counts_once_its_link_is_used(ann, post, token_in):
    answer = post(CHANGE, NEW, client=signed_in(ann))
    assert (answer.status_code, answer.json()["message"]) == (202, "A mail is on its way to the new address.")
    ann.refresh_from_db()
    assert ann.email == "ann@example.org"
    assert post(VERIFY, {"token": token_in("new@example.org")}).status_code == 200
    ann.refresh_from_db()
    assert (ann.email, ann.email_key, ann.is_email_verified) == ("new@example.org", "new@example.org", True)
    assert post("login", {"email": "new@example.org", "password": PASSWORD}).status_code == 200
    assert post("login", {"email": "ann@example.org", "password": PASSWORD}).status_code == 401


def test_the_old_address_is_told_when_it_is_asked_for_and_when_it_is_done(ann, post, token_in):
    post(CHANGE, NEW, client=signed_in(ann))
    asked = [sent for sent in mail.outbox if sent.to == ["ann@example.org"]]
    assert [sent.subject for sent in asked] == ["Marquee: Your address is about to change"]
    assert "new@example.org" in asked[0].body
    assert "#token=" not in asked[0].body + asked[0].alternatives[0][0]
    post(VERIFY, {"token": token_in("new@example.org")})
    assert (mail.outbox[-1].to, mail.outbox[-1].subject) == (["ann@example.org"], "Marquee: Your address was changed")


def test_it_ends_every_session_and_every_link_to_the_old_address(ann, post, token_in, sign_in, me, refresh):
    pair = sign_in(ann)
    post("password/reset", {"email": ann.email})
    reset = token_in(ann.email)
    post(CHANGE, NEW, client=signed_in(ann))
    post(VERIFY, {"token": token_in("new@example.org")})
    assert me(pair["access"]).status_code == 401
    assert refresh(pair["refresh"]).status_code == 401
    assert post("password/reset/confirm", {"token": reset, "new_password": "another passphrase"}).status_code == 400


def test_signing_out_everywhere_stops_a_change_that_is_on_its_way(ann, post, token_in):
    client = signed_in(ann)
    post(CHANGE, NEW, client=client)
    post("logout/all", {"keep_current": True}, client=client)
    assert post(VERIFY, {"token": token_in("new@example.org")}).status_code == 400


def test_a_taken_address_answers_the_same_and_only_its_mailbox_hears_why(ann, post):
    UserFactory(email="taken@example.org")
    free = post(CHANGE, NEW, client=signed_in(ann)).json()
    mail.outbox.clear()
    assert post(CHANGE, NEW | {"email": "Taken@example.org"}, client=signed_in(ann)).json() == free
    told = {sent.to[0]: sent for sent in mail.outbox}
    assert set(told) == {"Taken@example.org", "ann@example.org"}
    assert "has an account already" in told["Taken@example.org"].body
    assert "#token=" not in told["Taken@example.org"].body


def test_an_address_that_was_taken_meanwhile_is_a_409_and_changes_nothing(ann, post, token_in, sign_in, me):
    pair = sign_in(ann)
    post(CHANGE, NEW, client=signed_in(ann))
    UserFactory(email="NEW@example.org")
    answer = post(VERIFY, {"token": token_in("new@example.org")})
    assert (answer.status_code, answer.json()["code"]) == (409, "email_taken")
    ann.refresh_from_db()
    assert ann.email == "ann@example.org"
    assert me(pair["access"]).status_code == 200


def test_the_password_is_asked_for(ann, post):
    answer = post(CHANGE, NEW | {"password": "a guess"}, client=signed_in(ann))
    assert (answer.status_code, answer.json()["code"]) == (403, "wrong_password")
    assert not mail.outbox
    assert SecurityEvent.objects.get().kind == "wrong_password"


@pytest.mark.parametrize("email", ["", "no address", "a@b", "a" * 250 + "@example.org", "a\n@example.org", None, 7])
def test_what_is_no_address_is_a_400(ann, post, email):
    assert post(CHANGE, NEW | {"email": email}, client=signed_in(ann)).status_code == 400
    assert not EmailLink.objects.exists()


def test_nobody_floods_a_mailbox_by_changing_to_it(settings, ann, post):
    allow(settings, mail_account="2/minute")
    client = signed_in(ann)
    assert [post(CHANGE, NEW, client=client).status_code for _ in range(3)] == [202, 202, 429]


def test_the_trail_says_what_happened(ann, post, token_in):
    post(CHANGE, NEW, client=signed_in(ann))
    post(VERIFY, {"token": token_in("new@example.org")})
    assert list(ann.security_events.order_by("pk").values_list("kind", flat=True)) == [
        "email_change_asked",
        "email_changed",
    ]


@pytest.mark.parametrize("end", ["password/change", "logout/all"])
def test_a_change_that_was_ended_before_its_mail_was_made_gets_no_link(ann, post, end):
    client = signed_in(ann)
    client.post(f"/api/v1/auth/{CHANGE}/", NEW)  # not committed here, so its jobs wait
    body = {"current_password": PASSWORD, "new_password": "another passphrase"} if end == "password/change" else {}
    post(end, body, client=client)
    mail.outbox.clear()
    mail_email_change(user_id=ann.pk, email="new@example.org")
    assert not mail.outbox
    assert not EmailLink.objects.filter(purpose="change_email").exists()


def test_who_has_links_sent_in_vain_keeps_nobody_from_a_new_password(settings, ann, post):
    allow(settings, mail_account="2/minute")
    assert [post(RESEND, {"email": ann.email}).status_code for _ in range(3)] == [202, 202, 429]
    assert post("password/reset", {"email": ann.email}).status_code == 202
