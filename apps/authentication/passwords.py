"""What a password must be: long, and hard to guess. No kind of character is asked for (NIST SP 800-63B-4, ASVS 6.2)."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from math import prod
from threading import Lock
from typing import Any

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from zxcvbn import zxcvbn  # type: ignore[import-untyped]  # it ships no types
from zxcvbn.matching import (  # type: ignore[import-untyped]
    L33T_TABLE,
    RANKED_DICTIONARIES,
    relevant_l33t_subtable,
)

from apps.authentication.models import User
from apps.authentication.querysets import password_text

# zxcvbn adds 10^8 to whatever has three parts: at that bar (its score 3) half of "Emily1987!" and its like passed. At
# 10^10 (its score 4) a fifth of all tens of random letters failed; here it is one in a hundred.
ENOUGH_GUESSES = 10**9
HEAD = 72  # characters; zxcvbn refuses to judge more
LOOKUPS = 8_000  # substrings tried under all readings of leet: without a bound, 72 such characters took 2.4 s
ALIKE = 0.75  # difflib's ratio: three letters changed in twelve
SERVICE = "marquee"

REASONS = {
    "user_inputs": "it is built from your name, your e-mail address or the name of this service",
    "passwords": "it is built from a password that many people use",
    "words": "it is little more than a common word or name",
    "spatial": "it follows the keys of a keyboard",
    "repeat": "it repeats itself",
    "sequence": "it counts through letters or digits in their order",
    "date": "it is little more than a date",
    "regex": "it is little more than a year",
    "bruteforce": "too few of its characters are hard to foresee",
}

_zxcvbn_lock = Lock()


class EasyToGuessValidator(CommonPasswordValidator):
    """Refuses what has leaked often (Django's list of 20,000), and what zxcvbn finds within 10^9 guesses.

    All is compared after NFKC, the form in which passwords are hashed.
    """

    def validate(self, password: str, user: Any = None) -> None:
        password = password_text(password)
        try:
            super().validate(password, user)
        except ValidationError:
            raise _refusal("it is among the passwords that leak most often") from None
        reason = weakness(password, context_words(user))
        if reason:
            raise _refusal(reason)

    def get_help_text(self) -> str:
        return (
            "Your password must be hard to guess: not one that others use, nor a row of keys, a date, your name or your"
            " e-mail address. Several unrelated words make a good one."
        )


def _refusal(reason: str) -> ValidationError:
    message = f"This password is easy to guess: {reason}; several unrelated words make a better one."
    return ValidationError(message, code="password_easy_to_guess")


def weakness(password: str, words: list[str]) -> str | None:
    """Why this normalised password is soon guessed by who knows these words, if it is."""
    if not password:
        return REASONS["bruteforce"]  # of nothing zxcvbn raises IndexError
    password = head(password)
    # zxcvbn finds a word anywhere in the password, but not with a letter or two changed.
    if any(SequenceMatcher(None, password.lower(), word).ratio() >= ALIKE for word in words):
        return REASONS["user_inputs"]
    # zxcvbn puts the words into a dictionary of its module: two threads would judge by each other's.
    with _zxcvbn_lock:
        try:
            judged = zxcvbn(password, words)
        finally:
            RANKED_DICTIONARIES.pop("user_inputs", None)
    if judged["guesses"] >= ENOUGH_GUESSES:
        return None
    return REASONS[_kind(max(judged["sequence"], key=_weight))]


def head(password: str) -> str:
    """As much of the beginning as is judged in some 50 ms: fewer characters where leet has many readings."""
    length = min(len(password), HEAD)
    while length * (length + 1) // 2 * _leet_readings(password[:length]) > LOOKUPS:
        length -= 1
    return password[:length]


def _leet_readings(text: str) -> int:
    return prod(len(signs) for signs in relevant_l33t_subtable(text, L33T_TABLE).values())


def _weight(match: dict[str, Any]) -> tuple[bool, int]:
    return match["pattern"] != "bruteforce", len(match["token"])


def _kind(match: dict[str, Any]) -> str:
    if match["pattern"] != "dictionary":
        return str(match["pattern"])
    name = str(match["dictionary_name"])
    return name if name in REASONS else "words"


def context_words(user: Any) -> list[str]:
    """What an attacker tries first on this account: the likelier, the earlier in the list."""
    email, name = (
        (password_text(user.email or ""), password_text(user.display_name)) if isinstance(user, User) else ("", "")
    )
    local, _, domain = email.partition("@")
    whole = [SERVICE, email, local, domain, "".join(_parts(local)), name, "".join(_parts(name))]
    words = (word.lower()[:HEAD] for word in (*whole, *_parts(email), *_parts(name)) if len(word) > 1)
    return list(dict.fromkeys(words))


def _parts(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+|\d+", text)
