"""Text as it is compared."""

import re
import unicodedata

# Letters that NFKD leaves whole, by what they are typed as on a keyboard without them, and the
# signs that stand for an apostrophe: left alone, NFKD makes a space of the acute, a letter of U+02BC.
_PLAIN = str.maketrans(
    {
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "ħ": "h",
        "\u0131": "i",
        "ŋ": "n",
        "ŧ": "t",
        "ƀ": "b",
        "ɨ": "i",
        "ʉ": "u",
        "ə": "e",
        "ĸ": "k",
        "\u2018": "'",
        "\u2019": "'",
        "\u02bc": "'",
        "\u00b4": "'",
        "`": "'",
    }
)
# English endings are one word with what they end: "schindlers", "dont". Elsewhere an apostrophe parts
# two words, each of which is searched for: "l avventura", "d amelie".
_ENDING = re.compile(r"(?<=\w)'(?=(?:s|t|d|m|ll|re|ve)\b)")
_WORD = re.compile(r"\w+")


def searchable(text: str) -> str:
    """Case, accents and punctuation folded away: "Amélie: 2" becomes "amelie 2", "Ocean's" becomes "oceans"."""
    bare = text.casefold()
    if not bare.isascii():
        bare = _unaccented(bare)
    if "'" in bare or "`" in bare:
        bare = _ENDING.sub("", bare.replace("`", "'"))
    return " ".join(_WORD.findall(bare))


def _unaccented(text: str) -> str:
    parts = unicodedata.normalize("NFKD", text.translate(_PLAIN))
    # Again: "ǿ" is an "ø" only once its accent is off. And a fullwidth capital is a capital only now.
    return "".join(c for c in parts if not unicodedata.combining(c)).translate(_PLAIN).casefold()


def email_key(email: str) -> str:
    """The form in which addresses are compared: all spellings of one address share it."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", email).casefold())
