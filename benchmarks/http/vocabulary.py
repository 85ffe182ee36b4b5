"""What films are called, and their genres; clients know it, and nothing of Django."""

GENRES = (
    *("Action", "Adventure", "Animation", "Comedy", "Crime", "Documentary", "Drama", "Family", "Fantasy", "History"),
    *("Horror", "Music", "Mystery", "Romance", "Science Fiction", "Thriller", "War", "Western"),
)
WORDS = ("the", "of", "a", "night", "river", "house", "lost", "city", "last", "summer", "road", "winter", "king", "war")
