# ruff: noqa: E501  # a line of a table is as long as it is
"""Files as other services write them; every film and person in them is made up."""

import io
import json
from zipfile import ZIP_DEFLATED, ZipFile


def zipped(files, compression=ZIP_DEFLATED):
    """A ZIP of texts or bytes by path."""
    target = io.BytesIO()
    with ZipFile(target, "w", compression) as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return target.getvalue()


def counts_of(job):
    """The outcomes that any row has."""
    return {outcome: number for outcome, number in job["counts"].items() if number}


RATINGS = """\
Date,Name,Year,Letterboxd URI,Rating
2024-01-05,The Copper Lantern,1987,https://boxd.it/a1,4.5
2024-01-06,Été à Brûlon,2003,https://boxd.it/a2,0.5
2024-01-07,"Salt, and Other Lies",2011,https://boxd.it/a3,5
2024-01-08,Nobody's Orchard,1999,https://boxd.it/a4,3
2024-01-09,Nobody's Orchard,2020,https://boxd.it/a5,2
"""
# A film seen twice, tags over two lines, and an entry without a rating.
DIARY = """\
Date,Name,Year,Letterboxd URI,Rating,Rewatch,Tags,Watched Date
2024-01-05,The Copper Lantern,1987,https://boxd.it/e1,4,,"cinema, with
Ada",2024-01-04
2024-02-05,The Copper Lantern,1987,https://boxd.it/e2,4.5,Yes,,2024-02-04
2024-01-07,"Salt, and Other Lies",2011,https://boxd.it/e3,,,,2024-01-07
"""
WATCHED = """\
Date,Name,Year,Letterboxd URI
2024-01-05,The Copper Lantern,1987,https://boxd.it/a1
2024-01-06,Été à Brûlon,2003,https://boxd.it/a2
2024-01-07,"Salt, and Other Lies",2011,https://boxd.it/a3
2024-01-08,Nobody's Orchard,1999,https://boxd.it/a4
"""
WATCHLIST = """\
Date,Name,Year,Letterboxd URI
2024-03-01,The Glass Ferry,1961,https://boxd.it/a6
2024-03-02,A Film That Nobody Has,2019,https://boxd.it/a7
"""
LIKES = """\
Date,Name,Year,Letterboxd URI
2024-01-05,The Copper Lantern,1987,https://boxd.it/a1
"""
REVIEWS = """\
Date,Name,Year,Letterboxd URI,Rating,Rewatch,Review,Tags,Watched Date
2024-01-05,The Copper Lantern,1987,https://boxd.it/r1,4,,"Two lines,
""of"" praise.",,2024-01-04
"""
LETTERBOXD = {
    "profile.csv": "Date Joined,Username,Given Name\n2020-01-01,ada,Ada\n",
    "ratings.csv": "\ufeff" + RATINGS,
    "diary.csv": DIARY.replace("\n", "\r\n"),
    "watched.csv": WATCHED,
    "watchlist.csv": WATCHLIST,
    "likes/films.csv": LIKES,
    "reviews.csv": REVIEWS,
    "lists/winter.csv": "Letterboxd list export v7\n\nPosition,Name,Year,URL,Description\n1,The Glass Ferry,1961,,\n",
    "deleted/diary.csv": DIARY,
    "orphaned/diary.csv": DIARY,
}
# What of it is in a catalogue: (tmdb_id, title, year, imdb_id).
FILMS = [
    (901, "The Copper Lantern", 1987, "tt0900001"),
    (902, "Été à Brûlon", 2003, "tt0900002"),
    (903, "Salt, and Other Lies", 2011, "tt0900003"),
    (904, "Nobody's Orchard", 1999, "tt0900004"),
    (905, "Nobody's Orchard", 2020, "tt0900005"),
    (906, "The Glass Ferry", 1961, "tt10900006"),
]

IMDB_RATINGS = """\
Const,Your Rating,Date Rated,Title,Original Title,URL,Title Type,IMDb Rating,Runtime (mins),Year,Genres,Num Votes,Release Date,Directors
tt0900001,9,2024-01-05,The Copper Lantern,The Copper Lantern,https://www.imdb.com/title/tt0900001,Movie,7.1,101,1987,Drama,120,1987-03-01,Ada Nowhere
0900002,1,2024-01-06,Summer in Brulon,Été à Brûlon,https://www.imdb.com/title/tt0900002,Film,6.1,90,2003,"Comedy, Drama",80,2003-07-01,"Jean Nul, Ada Nowhere"
tt0900050,8,2024-01-07,Harbour Watch,Harbour Watch,https://www.imdb.com/title/tt0900050,TV Series,8.1,50,2011,Crime,900,2011-01-01,
tt0900051,8,2024-01-07,Pilot,Pilot,https://www.imdb.com/title/tt0900051,tvEpisode,8.1,50,2011,Crime,900,2011-01-01,
tt0900052,8,2024-01-07,La guardia,La guardia,https://www.imdb.com/title/tt0900052,Serie TV,8.1,50,2011,Crime,900,2011-01-01,
tt0900053,6,2024-01-07,Harbour: the Game,Harbour: the Game,https://www.imdb.com/title/tt0900053,Video Game,8.1,,2011,Action,900,2011-01-01,
tt0900003,11,2024-01-07,"Salt, and Other Lies","Salt, and Other Lies",https://www.imdb.com/title/tt0900003,Movie,7,100,2011,Drama,10,2011-01-01,
tt10900006,7,2024-01-08,The Glass Ferry,The Glass Ferry,https://www.imdb.com/title/tt10900006,TV Movie,7,100,1961,Drama,10,1961,
tt0999999,7,2024-01-08,Not in the Catalogue,Not in the Catalogue,https://www.imdb.com/title/tt0999999,Movie,7,100,1961,Drama,10,1961,
"""
IMDB_WATCHLIST = """\
Position,Const,Created,Modified,Description,Title,Original Title,URL,Title Type,IMDb Rating,Runtime (mins),Year,Genres,Num Votes,Release Date,Directors,Your Rating,Date Rated
1,tt10900006,2024-03-01,2024-03-01,,The Glass Ferry,The Glass Ferry,https://www.imdb.com/title/tt10900006,Movie,7,100,1961,Drama,10,1961,,,
2,tt0900050,2024-03-02,2024-03-02,"a note
on two lines",Harbour Watch,Harbour Watch,https://www.imdb.com/title/tt0900050,TV Series,8.1,50,2011,Crime,900,2011-01-01,,,
3,tt0900001,2024-03-03,2024-03-03,,The Copper Lantern,The Copper Lantern,https://www.imdb.com/title/tt0900001,Movie,7.1,101,1987,Drama,120,1987-03-01,Ada Nowhere,9,2024-01-05
"""
# From before "Original Title", with names of types as they were.
IMDB_OLD = """\
Const,Your Rating,Date Rated,Title,URL,Title Type,IMDb Rating,Runtime (mins),Year,Genres,Num Votes,Release Date,Directors
tt0900001,9,2017-01-05,The Copper Lantern,https://www.imdb.com/title/tt0900001/,movie,7.1,101,1987,Drama,120,1987-03-01,Ada Nowhere
tt0900050,8,2017-01-07,Harbour Watch,https://www.imdb.com/title/tt0900050/,tvSeries,8.1,50,2011,Crime,900,2011-01-01,
"""


def trakt_film(tmdb_id, title, year, imdb_id):
    return {
        "title": title,
        "year": year,
        "ids": {"trakt": tmdb_id + 1, "slug": "x", "imdb": imdb_id, "tmdb": tmdb_id},
    }


COPPER, BRULON, SALT = (trakt_film(*film) for film in FILMS[:3])
NAMELESS = {"title": "The Glass Ferry", "year": 1961, "ids": {"trakt": 7, "slug": None, "imdb": None, "tmdb": None}}
SHOW = {"title": "Harbour Watch", "year": 2011, "ids": {"trakt": 5, "slug": "hw", "tvdb": 9, "imdb": None, "tmdb": 1}}


def play(id_, film, at):
    return {"id": id_, "watched_at": at, "action": "watch", "type": "movie", "movie": film}


TRAKT_HISTORY = [
    play(11, COPPER, "2024-01-04T20:15:00.000Z"),
    play(12, COPPER, "2024-02-04T20:15:00.000Z"),
    play(13, SALT, "1970-01-01T00:00:00.000Z"),
    {
        "id": 14,
        "watched_at": "2024-02-05T20:15:00.000Z",
        "action": "scrobble",
        "type": "episode",
        "episode": {"season": 1, "number": 1, "title": "Pilot", "ids": {"trakt": 6}},
        "show": SHOW,
    },
]
TRAKT = {
    "ratings-movies.json": [
        {"rated_at": "2024-01-05T10:00:00.000Z", "rating": 9, "type": "movie", "movie": COPPER},
        {"rated_at": "2024-01-06T10:00:00.000Z", "rating": 1, "type": "movie", "movie": BRULON},
    ],
    "ratings-shows.json": [{"rated_at": "2024-01-05T10:00:00.000Z", "rating": 9, "type": "show", "show": SHOW}],
    "watched-history-1.json": TRAKT_HISTORY,
    # Pages overlap where something was added while they were fetched.
    "watched-history-2.json": [play(12, COPPER, "2024-02-04T20:15:00.000Z"), play(15, BRULON, "2024-03-04T20:15:00Z")],
    "watched-movies.json": [
        {"plays": 2, "last_watched_at": "2024-02-04T20:15:00.000Z", "movie": COPPER},
        {"plays": 1, "last_watched_at": "2024-05-04T20:15:00.000Z", "movie": NAMELESS},
    ],
    "lists-watchlist.json": [
        {"rank": 1, "id": 1, "listed_at": "2024-03-01T10:00:00.000Z", "notes": None, "type": "movie", "movie": SALT},
        {"rank": 2, "id": 2, "listed_at": "2024-03-01T10:00:00.000Z", "notes": None, "type": "show", "show": SHOW},
    ],
    "lists-favorites.json": [
        {"rank": 1, "id": 3, "listed_at": "2024-03-01T10:00:00.000Z", "notes": "!", "type": "movie", "movie": COPPER}
    ],
    "user-profile.json": {"username": "ada"},
}


def trakt(files=TRAKT, folder=""):
    return zipped({folder + name: json.dumps(content) for name, content in files.items()})


MOVIELENS = {
    "ml/ratings.csv": (
        "userId,movieId,rating,timestamp\n7,1,4.5,1700000000\n7,2,0.5,1700000001\n7,3,3.0,1700000002\n"
        "7,4,3.0,1700000003\n7,5,9.0,1700000004\n7,99,3.0,1700000005\n"
    ),
    "ml/movies.csv": (
        'movieId,title,genres\n1,"Copper Lantern, The (1987)",Drama\n2,Summer in Brulon (Été à Brûlon) (2003),Drama\n'
        '3,"Salt, and Other Lies (2011)",Drama\n4,Nobody\'s Orchard (1999),(no genres listed)\n'
    ),
    "ml/links.csv": "movieId,imdbId,tmdbId\n1,0900001,901\n2,0900002,\n3,,\n4,0900004,904\n5,0900005,905\n",
    "ml/tags.csv": "userId,movieId,tag,timestamp\n7,1,lantern,1700000000\n",
    "ml/README.txt": "Somebody's own ratings.\n",
}
