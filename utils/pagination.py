"""Pages by number. What is asked for was validated by PageQuery before a view runs."""

from collections.abc import Mapping
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from rest_framework.pagination import BasePagination
from rest_framework.request import Request

M = TypeVar("M", bound=Model)


def pagination_block(*, page: int, per_page: int, total: int) -> dict[str, int]:
    return {"page": page, "per_page": per_page, "total": total, "pages": -(-total // per_page)}


def page_of(queryset: QuerySet[M], query: Mapping[str, Any]) -> tuple[list[M], int]:
    """The rows of one page and the number of all; a page past the end is empty."""
    total = queryset.count()
    start = (query["page"] - 1) * query["per_page"]
    return (list(queryset[start : start + query["per_page"]]) if start < total else []), total


class PageNumbers(BasePagination):
    """A page past the end is an empty list with true totals; ``block`` is what the envelope says of it."""

    block: dict[str, int]

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        rows, total = page_of(queryset, view.query)
        self.block = pagination_block(page=view.query["page"], per_page=view.query["per_page"], total=total)
        return rows
