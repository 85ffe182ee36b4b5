"""docs/CONFIGURATION.md: what the settings read, with the words of .env.example."""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import Path, PurePosixPath
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

KINDS = {
    "str": "text",
    "bool": "true or false",
    "int": "whole number",
    "float": "number",
    "list": "list",
    "db": "database URL",
    "email_url": "mail URL",
}
NAMES = {"VAR_DIR": PurePosixPath("var"), "BASE_DIR": PurePosixPath(".")}
REQUIRED = (
    "Required in production"  # how a section of .env.example begins, as do the next two, of a section and a block
)
ELSEWHERE = "Read by "
OF_THE_PROCESS = "Not read from .env"
HEAD = """# Configuration

<!-- Written by manage.py configuration, from config/settings and .env.example. Change those, then run make docs. -->

Marquee is configured by variables of its environment, or of a file `.env` beside `manage.py`; the environment wins.
Development needs none of them. Each `NAME` can also be given as `NAME_FILE`, the path of a file that holds the value,
as Docker and Kubernetes hand secrets over. [.env.example](../.env.example) has them all to copy from.
"""


@dataclass(frozen=True)
class Reading:
    """One call of ``env`` in one settings module. ``default`` is None where there is none."""

    name: str
    kind: str
    default: str | None
    module: str


@dataclass
class Block:
    """Variables of .env.example that share a comment: name and example of each."""

    words: list[str] = field(default_factory=list)
    examples: dict[str, str] = field(default_factory=dict)


@dataclass
class Section:
    title: str
    blocks: list[Block] = field(default_factory=list)


class Command(BaseCommand):
    help = "Write docs/CONFIGURATION.md: every variable, its type, its default and what it is for."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("document", type=Path)
        parser.add_argument("--check", action="store_true", help="Change nothing; fail where it would.")

    def handle(self, *, document: Path, check: bool, **options: Any) -> None:
        read, sections = readings(), explained()
        if missing := ", ".join(sorted(differences(read, sections))):
            raise CommandError(f"The settings and .env.example do not name the same variables: {missing}")
        text = written(read, sections)
        if not check:
            document.write_text(text, encoding="utf-8")
        elif not document.exists() or document.read_text(encoding="utf-8") != text:
            raise CommandError(f"{document} is out of date: run manage.py configuration {document}")


def readings() -> list[Reading]:
    modules = sorted((Path(settings.BASE_DIR) / "config" / "settings").glob("*.py"))
    return [reading for module in modules for reading in _readings_of(module)]


def _readings_of(module: Path) -> Iterator[Reading]:
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="env"), attr=kind), args=[ast.Constant(value=str(name))]
            ):
                default = next((_value(word.value) for word in node.keywords if word.arg == "default"), None)
                yield Reading(name, KINDS[kind], _shown(default), module.stem)


def _value(node: ast.expr) -> Any:
    """What a default's expression comes to; it has arithmetic, paths under var/, and texts made of those."""
    match node:
        case ast.Constant(value=value):
            return value
        case ast.List(elts=elements):
            return [_value(element) for element in elements]
        case ast.Name(id=name):
            return NAMES[name]
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return _value(left) * _value(right)
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return _value(left) / _value(right)
        case ast.JoinedStr(values=parts):
            return "".join(str(_value(part)) for part in parts)
        case ast.FormattedValue(value=inner) | ast.Call(func=ast.Name(id="str"), args=[inner]):
            return _value(inner)
    raise CommandError(f"line {node.lineno}: a default that manage.py configuration cannot read: {ast.unparse(node)}")


def _shown(default: Any) -> str | None:
    match default:
        case None:
            return None
        case bool():
            return str(default).lower()
        case list():
            return ",".join(default)
    return str(default)


def explained() -> list[Section]:
    """.env.example without its first paragraph: sections of blocks, each of words and the variables they are about."""
    sections: list[Section] = []
    block = Block()
    for line in (Path(settings.BASE_DIR) / ".env.example").read_text(encoding="utf-8").splitlines():
        if title := re.fullmatch(r"# --- (.+?) -+", line):
            sections.append(Section(title[1]))
            block = Block()
        elif not sections:
            continue
        elif variable := re.fullmatch(r"#([A-Z][A-Z0-9_]*)=(.*)", line):
            block.examples[variable[1]] = variable[2]
        elif line.startswith("# "):
            block.words.append(line[2:])
        else:
            block = Block()
        if (block.words or block.examples) and not any(block is known for known in sections[-1].blocks):
            sections[-1].blocks.append(block)
    return sections


def differences(read: list[Reading], sections: list[Section]) -> set[str]:
    """Names that only one of the two has."""
    told = {name for section in sections for block in section.blocks for name in _of_settings(section, block)}
    return told ^ {reading.name for reading in read}


def _of_settings(section: Section, block: Block) -> Iterable[str]:
    if section.title.startswith(ELSEWHERE) or " ".join(block.words).startswith(OF_THE_PROCESS):
        return ()
    return block.examples


def written(read: list[Reading], sections: list[Section]) -> str:
    by_name: dict[str, list[Reading]] = {}
    for reading in read:
        by_name.setdefault(reading.name, []).append(reading)
    return HEAD + "".join(part for section in sections for part in _section(section, by_name))


def _section(section: Section, read: dict[str, list[Reading]]) -> Iterator[str]:
    yield f"\n## {section.title}\n\n"
    for block in section.blocks:
        if not block.examples:
            yield f"{_words(block)}\n\n"
    required = section.title.startswith(REQUIRED)
    yield "| variable | type | default | read by | meaning |\n|---|---|---|---|---|\n"
    for block in section.blocks:
        if block.examples:
            names = [f"`{name}`" for name in block.examples]
            rows = [_facts(read.get(name, []), required=required) for name in block.examples]
            cells = [names, *map(list, zip(*rows, strict=True)), [_words(block)]]
            yield "| " + " | ".join(map(_cell, cells)) + " |\n"


def _cell(lines: list[str]) -> str:
    """What is the same of all variables is said once."""
    return lines[0] if len(set(lines)) == 1 else "<br>".join(lines)


def _facts(readings: list[Reading], *, required: bool) -> tuple[str, str, str]:
    """Type, default, and which settings read it; that another program does is said in the section's title."""
    if not readings:
        return "", "", ""
    kind, modules = readings[0].kind, [reading.module for reading in readings]
    defaults = [f"`{reading.default}`" + _only(reading.module, modules) for reading in readings if reading.default]
    if required:
        defaults.append("**required in production**")
    return kind, ", ".join(defaults) or "none", "all" if "base" in modules else ", ".join(modules)


def _only(module: str, modules: list[str]) -> str:
    return "" if module == "base" or modules == [module] else f" in {module}"


def _words(block: Block) -> str:
    """On one line, fit for a cell; a line that is set in is a command."""
    lines = [f"`{line.strip()}`" if line.startswith("  ") else escape(line, quote=False) for line in block.words]
    return " ".join(lines).replace("|", "\\|")
