import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from tests.migrations.settings import BEFORE_THE_FIRST_RELEASE

pytestmark = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="what PostgreSQL locks, PostgreSQL's SQL says"
)

ROOT = Path(__file__).resolve().parents[2]
FIRST = """
from django.db import migrations, models

class Migration(migrations.Migration):
    initial = True
    operations = [
        migrations.CreateModel("Shop", [
            ("id", models.BigAutoField(primary_key=True)),
            ("name", models.CharField(max_length=20)),
            ("street", models.CharField(max_length=20, null=True)),
            ("size", models.IntegerField(null=True)),
        ]),
    ]
"""
NEXT = """
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

class Migration(migrations.Migration):
    dependencies = [("shop", "{before}")]
    atomic = {atomic}
    operations = [{operation}]
"""
REFUSED = {
    "not_null_without_default": 'migrations.AddField("shop", "owner", models.CharField(max_length=20, default=""))',
    "dropped_column": 'migrations.RemoveField("shop", "street")',
    "renamed_column": 'migrations.RenameField("shop", "name", "title")',
    "renamed_table": 'migrations.AlterModelTable("shop", "stores")',
    "other_type": 'migrations.AlterField("shop", "size", models.CharField(max_length=5, null=True))',
    "unique": 'migrations.AddConstraint("shop", models.UniqueConstraint(fields=["size"], name="one_size"))',
    "index_that_locks": 'migrations.AddIndex("shop", models.Index(fields=["size"], name="by_size"))',
    "dropped_table": 'migrations.DeleteModel("shop")',
}
LET_IN = {
    "nullable": 'migrations.AddField("shop", "phone", models.CharField(max_length=20, null=True))',
    "default_of_the_database": 'migrations.AddField("shop", "open", models.BooleanField(db_default=True))',
    "index_beside_the_writers": 'AddIndexConcurrently("shop", models.Index(fields=["phone"], name="by_phone"))',
}


def write_app(folder: Path) -> None:
    """An app that is first extended as the policy wants it, and then in each way that breaks the running release."""
    migrations = folder / "shop" / "migrations"
    migrations.mkdir(parents=True)
    for package in (folder / "shop", migrations):
        (package / "__init__.py").touch()
    (migrations / "first.py").write_text(FIRST)
    before = "first"
    for name, operation in (LET_IN | REFUSED).items():
        atomic = "Concurrently" not in operation
        (migrations / f"{name}.py").write_text(NEXT.format(before=before, operation=operation, atomic=atomic))
        before = name
    (folder / "shop_settings.py").write_text(
        "from tests.migrations.settings import *\nINSTALLED_APPS = [*INSTALLED_APPS, 'shop']\n"
    )


def lint(*arguments, settings, path=""):
    host = connection.settings_dict
    url = f"postgres://{host['USER']}:{host['PASSWORD']}@{host['HOST']}:{host['PORT']}/postgres"
    return subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "manage.py", "lintmigrations", *arguments],
        env=os.environ | {"DJANGO_SETTINGS_MODULE": settings, "DATABASE_URL": url, "PYTHONPATH": str(path)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_refuses_what_the_running_release_could_not_live_with(tmp_path):
    write_app(tmp_path)
    linted = lint("shop", settings="shop_settings", path=tmp_path)
    verdicts = dict(re.findall(r"^\(shop, (\w+)\)\.\.\. (\w+)$", linted.stdout, flags=re.MULTILINE))
    assert verdicts == {"first": "OK"} | dict.fromkeys(LET_IN, "OK") | dict.fromkeys(REFUSED, "ERR"), linted.stdout
    assert linted.returncode == 1


def test_exempts_no_more_than_it_must():
    linted = lint("--ignore-name", "none", settings="tests.migrations.settings")
    refused = re.findall(r"^\(\w+, (\w+)\)\.\.\. ERR$", linted.stdout, flags=re.MULTILINE)
    assert sorted(refused) == BEFORE_THE_FIRST_RELEASE, linted.stdout + linted.stderr
