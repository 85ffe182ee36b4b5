"""What TMDb said when this was written, for where it cannot be asked."""

# As its /genre/movie/list gives them.
TMDB_GENRES = {
    28: "Action",
    12: "Adventure",
    16: "Animation",
    35: "Comedy",
    80: "Crime",
    99: "Documentary",
    18: "Drama",
    10751: "Family",
    14: "Fantasy",
    36: "History",
    27: "Horror",
    10402: "Music",
    9648: "Mystery",
    10749: "Romance",
    878: "Science Fiction",
    10770: "TV Movie",
    53: "Thriller",
    10752: "War",
    37: "Western",
}

# Age ratings by country, the mildest first, in the order of its /certification/movie/list; NR is no rating.
CERTIFICATIONS: dict[str, tuple[str, ...]] = {
    "AR": ("ATP", "+13", "+16", "+18", "C"),
    "AU": ("E", "G", "PG", "M", "MA 15+", "R 18+", "X 18+", "RC"),
    "BG": ("A", "B", "C", "D", "X"),
    "BR": ("L", "10", "12", "14", "16", "18"),
    "CA": ("E", "G", "PG", "14A", "18A", "R", "A"),
    "CH": ("0", "6", "8", "10", "12", "14", "16", "18"),
    "DE": ("0", "6", "12", "16", "18"),
    "DK": ("A", "7", "11", "15", "F"),
    "ES": ("A", "Ai", "7", "7i", "12", "16", "18", "X"),
    "FI": ("S", "K-7", "K-12", "K-16", "K-18", "KK"),
    "FR": ("TP", "12", "16", "18"),
    "GB": ("U", "PG", "12A", "12", "15", "18", "R18"),
    "GR": ("K", "K12", "K15", "K18"),
    "HK": ("I", "IIA", "IIB", "III"),
    "HU": ("KN", "6", "12", "16", "18", "X"),
    "ID": ("SU", "13+", "17+", "21+"),
    "IE": ("G", "PG", "12A", "12", "15A", "15", "16", "18"),
    "IL": ("All", "12", "14", "16", "18"),
    "IN": ("U", "U/A 7+", "UA", "U/A 13+", "U/A 16+", "A", "S"),
    "IT": ("T", "6+", "14+", "18+"),
    "JP": ("G", "PG12", "R15+", "R18+"),
    "KR": ("All", "12", "15", "18", "Restricted Screening"),
    "LT": ("V", "N-7", "N-13", "N-16", "N-18"),
    "LU": ("EA", "6", "12", "16", "18"),
    "LV": ("U", "7+", "12+", "16+", "18+"),
    "MO": ("A", "B", "C", "D"),
    "MX": ("AA", "A", "B", "B-15", "C", "D"),
    "MY": ("U", "P13", "18SG", "18SX", "18PA", "18PL"),
    "NL": ("AL", "6", "9", "12", "14", "16", "18"),
    "NO": ("A", "6", "9", "12", "15", "18"),
    "NZ": ("G", "PG", "M", "R13", "RP13", "R15", "R16", "RP16", "R18", "RP18", "R"),
    "PH": ("G", "PG", "R-13", "R-16", "R-18", "X"),
    "PR": ("G", "PG", "PG-13", "R", "NC-17"),
    "PT": ("Públicos", "M/3", "M/6", "M/12", "M/14", "M/16", "M/18", "P"),
    "RU": ("0+", "6+", "12+", "16+", "18+"),
    "SE": ("Btl", "7", "11", "15"),
    "SG": ("G", "PG", "PG13", "NC16", "M18", "R21"),
    "SK": ("U", "7", "12", "15", "18"),
    "TH": ("P", "G", "13", "15", "18", "20", "Banned"),
    "TR": ("Genel İzleyici Kitlesi", "6A", "6+", "10A", "10+", "13A", "13+", "16+", "18+"),
    "TW": ("0+", "6+", "12+", "15+", "18+"),
    "US": ("G", "PG", "PG-13", "R", "NC-17"),
    "VI": ("G", "PG", "PG-13", "R", "NC-17"),
    "ZA": ("A", "PG", "7-9PG", "10-12PG", "13", "16", "18", "X18", "XX"),
}


def up_to(country: str, certification: str) -> tuple[str, ...] | None:
    """The ratings no stricter than this one; None where the country has no such rating."""
    known = CERTIFICATIONS.get(country, ())
    return known[: known.index(certification) + 1] if certification in known else None
