from __future__ import annotations

from django.db import models

from apps.operations.querysets import ApiUsageQuerySet, JobRecordQuerySet


class ApiUsage(models.Model):
    """How often, in one hour, one kind of client asked for one route and got one status."""

    class Client(models.TextChoices):
        BROWSER = "browser"
        APP = "app"
        PROGRAM = "program"
        CRAWLER = "crawler"
        UNKNOWN = "unknown"

    hour = models.DateTimeField()
    route = models.CharField(max_length=200)
    method = models.CharField(max_length=7)
    status = models.PositiveSmallIntegerField()
    client = models.CharField(max_length=7, choices=Client)
    is_signed_in = models.BooleanField()
    requests = models.PositiveBigIntegerField()
    seconds = models.FloatField(help_text="That all of them took together.")

    objects = ApiUsageQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "API usage"
        ordering = ["-hour", "route"]
        constraints = [
            models.UniqueConstraint(
                fields=["hour", "route", "method", "status", "client", "is_signed_in"], name="one_row_of_usage"
            )
        ]

    def __str__(self) -> str:
        return f"{self.requests} x {self.method} {self.route} {self.status}"


class JobRecord(models.Model):
    """What became of the runs of a job, in whatever process; also of what runs outside, such as the backup."""

    name = models.CharField(max_length=100, unique=True)
    runs = models.PositiveBigIntegerField(default=0)
    failures = models.PositiveBigIntegerField(default=0)
    seconds = models.FloatField(default=0.0, help_text="That all runs took together.")
    last_started_at = models.DateTimeField()
    last_success_at = models.DateTimeField(null=True)
    last_failure_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, blank=True)

    objects = JobRecordQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def mean_seconds(self) -> float:
        return self.seconds / self.runs
