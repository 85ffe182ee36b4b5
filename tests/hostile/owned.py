"""What is a person's own, before and after."""

from django.contrib.admin.utils import NestedObjects
from django.db import DEFAULT_DB_ALIAS

from apps.authentication.models import User

# Anybody who knows an address may cause these: a line in its owner's log, a mail to them. The admin's log is staff's.
CAUSED_BY_ANYBODY = {"authentication.securityevent", "authentication.emaillink", "admin.logentry"}
PRIVILEGES = ("is_staff", "is_superuser", "is_active", "kind", "is_email_verified", "email", "email_key", "password")


def tables_of_people():
    """The models whose rows each belong to somebody."""
    related = {relation.related_model for relation in User._meta.related_objects}
    return {model for model in related if model._meta.label_lower not in CAUSED_BY_ANYBODY}


def rows_of(user):
    """The account and all that would go with it, by table and key: a new table is found by itself."""
    found = NestedObjects(using=DEFAULT_DB_ALIAS)
    found.collect(User.objects.filter(pk=user.pk))
    return {
        (model, row.pk): {field.attname: getattr(row, field.attname) for field in model._meta.concrete_fields}
        for model, rows in found.data.items()
        if model._meta.label_lower not in CAUSED_BY_ANYBODY
        for row in rows
    }


def privileges_of(user):
    return User.objects.values(*PRIVILEGES).get(pk=user.pk)


def privileged():
    """Whoever is more than a person who signed up."""
    ordinary = {"kind": User.Kind.PERSON, "is_staff": False, "is_superuser": False, "is_email_verified": False}
    return set(User.objects.exclude(**ordinary).values_list("pk", flat=True))
