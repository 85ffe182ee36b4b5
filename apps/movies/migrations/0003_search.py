from django.core.management.base import CommandError
from django.db import DatabaseError, migrations, transaction

# Not a copy: what is kept must be folded just as queries are from now on.
from utils.text import searchable

BATCH = 2000

# Not in Meta: SQLite has no such indexes, and the models are the same on both.
INDEXES = {
    "movie_by_title_words": "(' ' || replace(search_text, '|', ' ')) gin_trgm_ops",  # titles.TitleWords
    "movie_by_whole_title": "string_to_array(search_text, '|')",  # titles.HasTitle
}


def fold_titles_anew(apps, schema_editor):
    """Write search_text by the rules of Movie.set_search_text, where it differs."""
    Movie = apps.get_model("movies", "Movie")
    films = Movie.objects.using(schema_editor.connection.alias).order_by("pk")
    last = 0
    while batch := list(
        films.filter(pk__gt=last).only("title", "original_title", "other_titles", "search_text")[:BATCH]
    ):
        last = batch[-1].pk
        changed = [film for film in batch if film.search_text != folded(film)]
        for film in changed:
            film.search_text = folded(film)
        films.bulk_update(changed, ["search_text"], batch_size=BATCH // 4)


def folded(film):
    titles = dict.fromkeys(map(searchable, (film.title, film.original_title, *film.other_titles)))
    return "|".join(filter(None, titles))[:620]


def create_indexes(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return  # SQLite reads every title: 15 ms for 50,000
    create_extension(schema_editor)
    schema_editor.execute("SET LOCAL statement_timeout = 0")
    for name, expression in INDEXES.items():
        schema_editor.execute(f"CREATE INDEX {name} ON movies_movie USING gin ({expression})")


def create_extension(schema_editor):
    alias = schema_editor.connection.alias
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'")
        if cursor.fetchone():
            return
        try:
            with transaction.atomic(using=alias):
                cursor.execute("CREATE EXTENSION pg_trgm")
        except DatabaseError as error:
            raise CommandError(
                f"The search needs PostgreSQL's extension pg_trgm, which this role could not create: {error}".strip()
                + "\nHave a superuser, or a role with CREATE on this database, run"
                f' CREATE EXTENSION pg_trgm; in "{schema_editor.connection.settings_dict["NAME"]}",'
                " then migrate again. Where it is not available at all, install PostgreSQL's contrib package."
            ) from error


def drop_indexes(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":  # the extension stays: others may use it by now
        for name in INDEXES:
            schema_editor.execute(f"DROP INDEX IF EXISTS {name}")


class Migration(migrations.Migration):
    dependencies = [("movies", "0002_tmdb")]

    operations = [
        migrations.RunPython(fold_titles_anew, migrations.RunPython.noop),
        migrations.RunPython(create_indexes, drop_indexes),
    ]
