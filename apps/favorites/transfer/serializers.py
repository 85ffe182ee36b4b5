from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.favorites.models import Part
from apps.favorites.serializers import EntryBody
from apps.favorites.transfer.models import ImportJob, ImportRow
from apps.movies.models import Movie
from utils.query_params import ChoiceField, PageQuery, QuerySerializer

PARTS = [part.value for part in Part if part != Part.PREFERENCES]
REASONS = [reason.value for reason in ImportRow.Reason]
OUTCOMES = [outcome.value for outcome in ImportRow.Outcome]
EXPORT_FORMATS = [
    ("json", "all of it, to come back as it is"),
    ("csv", "the same as one table for a spreadsheet"),
    ("letterboxd", "a ZIP that Letterboxd takes, without hidden films"),
]


class ImportBody(serializers.Serializer[Any]):
    """A form, multipart/form-data."""

    file = serializers.FileField(max_length=255, help_text="At most 10 MiB and 50,000 rows.")
    format = serializers.ChoiceField(
        ImportJob.Format.choices, required=False, help_text="Where it comes from; found out where left out."
    )
    dry_run = serializers.BooleanField(
        default=False, help_text="true: only say what would be done. `apply` does it afterwards."
    )

    def to_internal_value(self, data: Any) -> Any:
        known = ", ".join(sorted(self.fields))
        unknown = [name for name in data if name not in self.fields]
        repeated = [name for name in data if len(data.getlist(name)) > 1]
        errors = {name: [serializers.ErrorDetail("Give this field once.", code="repeated_field")] for name in repeated}
        for name in unknown:
            errors[name] = [serializers.ErrorDetail(f"Unknown field. Known here: {known}.", code="unknown_field")]
        if errors:
            raise serializers.ValidationError(errors)
        return super().to_internal_value(data)


class ImportCountsSerializer(serializers.Serializer[Any]):
    """How many rows have each outcome."""

    def get_fields(self) -> dict[str, Any]:
        return {name: serializers.IntegerField() for name in OUTCOMES}


class ImportJobSerializer(serializers.ModelSerializer[ImportJob]):
    rows_done = serializers.SerializerMethodField(help_text="How many have an outcome.")
    counts = serializers.SerializerMethodField()

    class Meta:
        model = ImportJob
        fields = [
            "id",
            "format",
            "file_name",
            "dry_run",
            "state",
            "rows_total",
            "rows_done",
            "counts",
            "ignored",
            "created_at",
            "active_at",
            "finished_at",
        ]
        read_only_fields = fields

    ignored = serializers.ListField(
        child=serializers.CharField(), help_text="Files of the archive that hold nothing for a library."
    )

    def get_rows_done(self, job: ImportJob) -> int:
        return job.rows_total - self._counts(job).get(ImportRow.Outcome.PENDING, 0)

    @extend_schema_field(ImportCountsSerializer)
    def get_counts(self, job: ImportJob) -> dict[str, int]:
        counts = self._counts(job)
        return {name: counts.get(name, 0) for name in OUTCOMES}

    def _counts(self, job: ImportJob) -> dict[str, int]:
        counts: dict[str, int] = self.context["counts"][job.pk]
        return counts


class ImportFilmSerializer(serializers.ModelSerializer[Movie]):
    year = serializers.IntegerField(allow_null=True)

    class Meta:
        model = Movie
        fields = ["tmdb_id", "title", "year"]


class ImportCandidateSerializer(serializers.Serializer[Any]):
    tmdb_id = serializers.IntegerField()
    title = serializers.CharField()
    year = serializers.IntegerField(allow_null=True)


class ImportRowSerializer(serializers.ModelSerializer[ImportRow]):
    part = serializers.ChoiceField([*PARTS, ""], help_text="Of the library; empty where it is of none.")
    reason = serializers.ChoiceField([*REASONS, ""], help_text="Why, for a program.")
    message = serializers.CharField(source="get_reason_display", help_text="Why, for a person.")
    movie = ImportFilmSerializer(allow_null=True, help_text="The film that the row was found to mean.")
    candidates = ImportCandidateSerializer(many=True, help_text="Of several films that it may mean, the first.")

    class Meta:
        model = ImportRow
        fields = [
            "number",
            "file",
            "line",
            "part",
            "title",
            "year",
            "tmdb_id",
            "imdb_id",
            "value",
            "at",
            "watched_at",
            "outcome",
            "reason",
            "message",
            "confidence",
            "movie",
            "candidates",
        ]


class ImportRowsQuery(PageQuery):
    outcome = ChoiceField(ImportRow.Outcome.choices, default=None, help_text="Only rows with this outcome.")


class ExportQuery(QuerySerializer):
    format = ChoiceField(EXPORT_FORMATS, default="json")


class ResolveBody(EntryBody):
    pass
