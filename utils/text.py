"""Text as it is compared."""

import re
import unicodedata


def searchable(text: str) -> str:
    """Case, accents and punctuation folded away: "Amélie: 2" becomes "amelie 2"."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return " ".join(re.findall(r"\w+", bare))
