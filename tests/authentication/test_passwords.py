import random
import string
import time
import unicodedata
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.password_validation import (
    CommonPasswordValidator,
    get_default_password_validators,
    password_validators_help_texts,
    validate_password,
)
from django.core.exceptions import ValidationError
from hypothesis import given, settings
from hypothesis import strategies as st
from zxcvbn.frequency_lists import FREQUENCY_LISTS
from zxcvbn.matching import RANKED_DICTIONARIES

from apps.authentication.models import User
from apps.authentication.passwords import REASONS
from apps.favorites.demo import DEMO_PASSWORD
from tests.factories import PASSWORD

ANNIE = User(email="Annie.Greenwood@example.org", display_name="Annie Greenwood")
SENTENCES = [
    "This password is too short. It must contain at least 10 characters.",
    *(
        f"This password is easy to guess: {reason}; several unrelated words make a better one."
        for reason in [*REASONS.values(), "it is among the passwords that leak most often"]
    ),
]
LEET = "4@8({[<369!1|0$5+7%2"


def refusal(password, user=ANNIE):
    """What the person is told, or None."""
    try:
        validate_password(password, user)
    except ValidationError as refused:
        return " ".join(refused.messages)
    return None


def fullwidth(text):
    return "".join(chr(ord(character) + 0xFEE0) if "!" <= character <= "~" else character for character in text)


def random_strings(alphabet, length, n=200):
    chance = random.Random(5)
    return ["".join(chance.choices(alphabet, k=length)) for _ in range(n)]


@pytest.mark.parametrize(
    "password",
    [
        PASSWORD,
        DEMO_PASSWORD,
        "correct horse battery staple",
        "correcthorsebatterystaple",
        "blue kettle sings at noon",
        "  spaces at both ends  ",
        "ünïcödé 密码 🎬",
        "quatre poules dansent",
        "xK9$mQ2vL!",
        "qkzvjwpxbn",
    ],
)
def test_what_is_hard_to_guess_is_taken(password):
    assert refusal(password) is None


@pytest.mark.parametrize(
    ("alphabet", "length"),
    [(string.ascii_lowercase, 11), (string.ascii_letters + string.digits, 10), (string.digits, 20)],
    ids=["11 letters", "10 letters and digits", "20 digits"],
)
def test_chance_is_taken_whatever_its_characters(alphabet, length):
    refused = [password for password in random_strings(alphabet, length) if refusal(password)]
    assert len(refused) <= 1  # there may be words among them


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("password123", "leak"),
        ("1qaz2wsx3edc", "leak"),
        ("Password2024!", "passwords"),
        ("P@ssw0rd1234", "passwords"),
        ("iloveyou123", "leak"),
        ("qwertyuiop1", "leak"),
        ("summer2025!", "passwords"),
        ("TheGodfather", "passwords"),
        ("starwars1977", "passwords"),
        ("Emily1987!", "words"),
        ("Thanksgiving", "words"),
        ("correct horse", "words"),
        ("poiuytresdfghjk", "spatial"),
        ("abcdefghijklm", "sequence"),
        ("2024-12-31!", "date"),
        ("aaaaaaaaaaaa", "repeat"),
        ("x9!x9!x9!x9!", "repeat"),
        ("a" * 200, "repeat"),
    ],
)
def test_what_is_soon_guessed_is_refused_and_the_reason_told(password, reason):
    told = "it is among the passwords that leak most often" if reason == "leak" else REASONS[reason]
    assert refusal(password) == f"This password is easy to guess: {told}; several unrelated words make a better one."


@pytest.mark.parametrize(
    "password",
    [
        "annie.greenwood@example.org",
        "ANNIEGREENWOOD",
        "anniegreenwood1987",
        "Greenwood2024!",
        "4nn13gr33nw00d",
        "doowneergeinna",
        "annie.greemwodo",
        "annieannieannie",
        "example.org2025",
        "Marquee2025",
        "marqueemarquee",
        "m@rqu33m0vies",
        "123marquee123",
        "Welcome2Marquee!",
    ],
)
def test_the_persons_own_words_and_ours_count_for_nothing(password):
    assert refusal(password)


def test_an_address_without_meaning_is_known_with_letters_changed():
    person = User(email="qzvkxwjpmtbh@example.org")
    assert refusal("qzvkxwjpm7tbh", person)
    assert refusal("qzvkjwpxmtdh", person)
    assert refusal("qzvkxwjpm7tbh", ANNIE) is None


@pytest.mark.parametrize("password", ["password123", "iloveyou123", "Marquee2025", "marquee-2025"])
def test_another_form_of_the_same_characters_is_the_same_password(password):
    assert fullwidth(password) != password
    assert refusal(fullwidth(password)) == refusal(password)


def test_a_letter_written_as_two_characters_counts_once():
    decomposed = unicodedata.normalize("NFD", "äëïöü")
    assert len(decomposed) == 10
    assert refusal(decomposed)


def test_no_password_at_all_is_refused():
    assert refusal("")


@pytest.mark.parametrize("user", [None, User(), User(email="", display_name=""), User(email="a@b.c", display_name="x")])
def test_who_has_told_little_is_judged_all_the_same(user):
    assert refusal("password123", user)
    assert refusal(PASSWORD, user) is None


def test_every_common_password_of_ten_characters_is_refused():
    """ASVS 6.2.4: the 3,000 commonest that the rules would let through, or all that these lists hold."""
    leaked = sorted(CommonPasswordValidator().passwords | set(FREQUENCY_LISTS["passwords"]))
    fitting = [password for password in leaked if len(password) >= 10]
    assert len(fitting) > 2000
    validators = get_default_password_validators()
    missed = []
    for password in fitting:
        try:
            validate_password(password, None, validators)
            missed.append(password)
        except ValidationError:
            pass
    assert missed == []


@pytest.mark.parametrize("tail", ["", " ", "1" * 900, "é" * 900, "aaaa"])
def test_a_good_beginning_is_enough_however_long_the_rest(tail):
    password = (PASSWORD + tail)[:1024]
    assert refusal(password) is None


@pytest.mark.parametrize(
    "password",
    [
        PASSWORD * 42,
        "a" * 1024,
        "ab" * 512,
        "\ufdfa" * 1024,
        LEET * 51,
        "".join(sorted(LEET * 51)),
        *random_strings(LEET, 1024, n=5),
        *(part * 80 for part in random_strings(LEET, 36, n=5)),
        *(part * 80 for part in random_strings(string.printable[:95], 24, n=5)),
    ],
    ids=lambda password: password[:12].encode("unicode_escape").decode(),
)
def test_no_password_takes_long_to_judge(password):
    person = User(email=f"{'ab' * 32}@{'ba' * 30}.org", display_name="a" * 80)
    refusal(password[:1024], person)  # the lists are read
    times = []
    for _ in range(3):
        start = time.thread_time()
        refusal(password[:1024], person)
        times.append(time.thread_time() - start)
    assert min(times) < 0.5  # it was 2.4


@given(password=st.text(max_size=1024), name=st.text(max_size=80), local=st.text(max_size=60))
@settings(max_examples=100, deadline=None)
def test_any_text_gets_an_answer_of_ours_that_holds_nothing_of_it(password, name, local):
    told = refusal(password, User(email=f"{local}@example.org", display_name=name))
    for sentence in SENTENCES:
        told = told and told.replace(sentence, "")
    assert not told or told.isspace()


@given(st.text(min_size=10, max_size=100))
@settings(max_examples=100, deadline=None)
def test_what_is_hashed_is_what_is_judged(password):
    once = unicodedata.normalize("NFKC", password)
    if len(once) >= 10:
        assert (refusal(password) is None) == (refusal(once) is None)


def test_people_who_choose_at_once_are_judged_by_their_own_words():
    def judged(n):
        own = "".join(random.Random(n).choices("bcdfghjklmnpqrstvwxz", k=12))
        another = "".join(random.Random(-n - 1).choices("bcdfghjklmnpqrstvwxz", k=12))
        person = User(email=f"{own}@example.org")
        return refusal(f"{own}99", person) is not None, refusal(f"{another}99", person) is None

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(judged, range(80))) == {(True, True)}
    assert "user_inputs" not in RANKED_DICTIONARIES


def test_the_help_asks_for_no_kind_of_character():
    text = " ".join(password_validators_help_texts()).lower()
    assert "10 characters" in text
    assert "unrelated words" in text
    assert not any(word in text for word in ("uppercase", "symbol", "digit", "number", "numeric"))
