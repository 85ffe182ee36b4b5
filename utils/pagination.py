"""Pages by number. What is asked for was validated by PageQuery before a view runs."""

from typing import Any

from rest_framework.pagination import BasePagination
from rest_framework.request import Request


def pagination_block(*, page: int, per_page: int, total: int) -> dict[str, int]:
    return {"page": page, "per_page": per_page, "total": total, "pages": -(-total // per_page)}


class PageNumbers(BasePagination):
    """A page past the end is an empty list with true totals; ``block`` is what the envelope says of it."""

    block: dict[str, int]

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        page, per_page = view.query["page"], view.query["per_page"]
        total = queryset.count()
        self.block = pagination_block(page=page, per_page=per_page, total=total)
        start = (page - 1) * per_page
        return list(queryset[start : start + per_page]) if start < total else []
