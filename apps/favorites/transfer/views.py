from collections.abc import Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.http import FileResponse
from django.utils import timezone
from django.utils.functional import cached_property
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.viewsets import ViewSetMixin

from apps.authentication.described import FileNegotiation, FileSchema
from apps.authentication.requests import signed_in
from apps.favorites.idempotency import IDEMPOTENCY_KEY, answered_once
from apps.favorites.transfer.archive import MAX_UPLOAD, MIB, FileTooLarge
from apps.favorites.transfer.export import library_csv, library_json, library_letterboxd
from apps.favorites.transfer.models import ImportJob, ImportRow
from apps.favorites.transfer.querysets import ImportJobQuerySet
from apps.favorites.transfer.serializers import (
    ExportQuery,
    ImportBody,
    ImportJobSerializer,
    ImportRowSerializer,
    ImportRowsQuery,
    ResolveBody,
)
from apps.favorites.transfer.services import (
    Reading,
    file_read,
    import_apply,
    import_create,
    import_undo,
    row_resolve,
)
from utils.query_params import PageQuery
from utils.rendering import ApiResponse
from utils.views import ApiGenericView, ApiView

AROUND = MIB  # bytes of a form beside its file: Django takes no more of fields, and the rest is headers
FILES = {
    "json": (library_json, "marquee-library-{day}.json", "application/json"),
    "csv": (library_csv, "marquee-library-{day}.csv", "text/csv; charset=utf-8"),
    "letterboxd": (library_letterboxd, "marquee-letterboxd-{day}.zip", "application/zip"),
}


class OwnImportsView(ApiGenericView):
    """Of the caller's own imports."""

    serializer_class: Any = ImportJobSerializer
    lookup_url_kwarg = "job"

    def get_queryset(self) -> ImportJobQuerySet:
        return ImportJob.objects.of(signed_in(self.request)).select_related("user").for_list()

    @cached_property
    def job(self) -> ImportJob:
        job: ImportJob = self.get_object()
        return job


def told(job: ImportJob, **kwargs: Any) -> ApiResponse:
    counts = ImportRow.objects.counts([job])
    return ApiResponse(ImportJobSerializer(job, context={"counts": counts}).data, **kwargs)


class ImportsViewSet(ViewSetMixin, OwnImportsView):
    query_serializer_class = PageQuery
    parser_classes = [MultiPartParser]
    throttles = ("writes", "imports")

    @property
    def errors(self) -> tuple[int, ...]:
        return (409, 422) if self.action == "create" else ()

    @extend_schema(
        tags=["library"], operation_id="library_imports_list", responses={200: ImportJobSerializer(many=True)}
    )
    def list(self, request: Request) -> ApiResponse:
        """Your imports, newest first."""
        jobs: Sequence[ImportJob] = self.paginate_queryset(self.get_queryset()) or []
        counts = ImportRow.objects.counts(jobs)
        data = ImportJobSerializer(jobs, many=True, context={"counts": counts}).data
        return ApiResponse(data, pagination=self.paginator.block)

    @extend_schema(
        tags=["library"],
        operation_id="library_import",
        request={"multipart/form-data": ImportBody},
        responses={202: ImportJobSerializer},
        parameters=[IDEMPOTENCY_KEY],
    )
    def create(self, request: Request) -> ApiResponse:
        """Take over a file: a ZIP of Letterboxd, Trakt or MovieLens, a CSV file of IMDb, or an export of ours.

        The file is read at once, and refused as a whole where it cannot be; what its rows come to is found out
        afterwards: look at the import, and at its rows, until `state` is `finished`. A file imported again adds
        nothing. Of two ratings the newer one stays, and that of the library where the file has no date.
        """
        announced = request.META.get("CONTENT_LENGTH") or ""
        if announced.isdecimal() and int(announced) > MAX_UPLOAD + AROUND:
            raise FileTooLarge(f"A file of at most {MAX_UPLOAD // MIB} MiB can be imported.")
        body = ImportBody(data=request.data)
        body.is_valid(raise_exception=True)
        file, dry_run = body.validated_data["file"], body.validated_data["dry_run"]
        if file.size > MAX_UPLOAD:
            raise FileTooLarge(f"A file of at most {MAX_UPLOAD // MIB} MiB can be imported.")
        data, format_ = file.read(), body.validated_data.get("format", "")
        reading = file_read(name=file.name, data=data, format=format_)
        asked = sha256(data).digest() + f"{format_} {dry_run}".encode()
        return answered_once(request, lambda: self._begin(reading, dry_run=dry_run), of=asked)

    def _begin(self, reading: Reading, *, dry_run: bool) -> ApiResponse:
        job = import_create(user=signed_in(self.request), reading=reading, dry_run=dry_run)
        return told(job, message="The file is being imported.", status=202)


class ImportView(OwnImportsView):
    @extend_schema(tags=["library"], operation_id="library_import_retrieve")
    def get(self, request: Request, job: UUID) -> ApiResponse:
        """One of your imports, and how far it is."""
        return told(self.job)


class ImportRowsView(OwnImportsView):
    serializer_class = ImportRowSerializer
    query_serializer_class = ImportRowsQuery

    @extend_schema(
        tags=["library"], operation_id="library_import_rows_list", responses={200: ImportRowSerializer(many=True)}
    )
    def get(self, request: Request, job: UUID) -> ApiResponse:
        """What each row of the file came to, in its order."""
        rows = self.job.rows.for_list()
        if self.query["outcome"]:
            rows = rows.filter(outcome=self.query["outcome"])
        page = self.paginate_queryset(rows)
        return ApiResponse(ImportRowSerializer(page, many=True).data, pagination=self.paginator.block)


class ImportRowView(OwnImportsView):
    serializer_class = ImportRowSerializer
    errors = (404, 409)

    @extend_schema(
        tags=["library"],
        operation_id="library_import_row_resolve",
        request=ResolveBody,
        responses={200: ImportRowSerializer},
    )
    def put(self, request: Request, job: UUID, number: int) -> ApiResponse:
        """Say which film a row means; every other open row that names its film so is settled with it."""
        body = ResolveBody(data=request.data)
        body.is_valid(raise_exception=True)
        row = row_resolve(self.job, number=number, tmdb_id=body.validated_data["tmdb_id"])
        return ApiResponse(ImportRowSerializer(row).data, message="Saved.")


class ImportActionView(OwnImportsView):
    errors = (404, 409)


class ImportApplyView(ImportActionView):
    @extend_schema(
        tags=["library"], operation_id="library_import_apply", request=None, responses={202: ImportJobSerializer}
    )
    def post(self, request: Request, job: UUID) -> ApiResponse:
        """Do what a dry run said; of a real import, go on with the films that TMDb could not be asked about."""
        return told(import_apply(self.job), message="The import is being applied.", status=202)


class ImportUndoView(ImportActionView):
    @extend_schema(
        tags=["library"], operation_id="library_import_undo", request=None, responses={202: ImportJobSerializer}
    )
    def post(self, request: Request, job: UUID) -> ApiResponse:
        """Take back all that the import added or changed, but for what you changed since."""
        return told(import_undo(self.job), message="The import is being undone.", status=202)


class LibraryExportView(ApiView):
    throttles = ("export",)
    query_serializer_class = ExportQuery
    content_negotiation_class = FileNegotiation
    schema = FileSchema()

    @extend_schema(
        tags=["library"],
        operation_id="library_export",
        responses={
            (200, "application/json"): OpenApiTypes.OBJECT,
            (200, "text/csv"): OpenApiTypes.BINARY,
            (200, "application/zip"): OpenApiTypes.BINARY,
        },
    )
    def get(self, request: Request) -> FileResponse:
        """Your library as a file: what came as JSON or CSV can be imported again and is the same.

        In CSV a cell that a spreadsheet would take for a formula begins with a quote; an import takes it off again.
        """
        write, name, media_type = FILES[self.query["format"]]
        file = write(signed_in(request))
        day = timezone.now().date()
        return FileResponse(file, as_attachment=True, filename=name.format(day=day), content_type=media_type)
