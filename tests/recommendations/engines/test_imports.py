import ast
import sys
from pathlib import Path

import pytest

from apps.recommendations import engines

FILES = sorted(Path(engines.__file__).parent.glob("*.py"))
ALLOWED = {"numpy", "scipy", "apps.recommendations.engines"} | sys.stdlib_module_names


def imported(file):
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_an_engine_imports_numpy_scipy_and_its_own_room_alone(file):
    assert not [name for name in imported(file) if not any(f"{name}.".startswith(f"{ok}.") for ok in ALLOWED)]
