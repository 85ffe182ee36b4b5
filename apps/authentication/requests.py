from rest_framework.request import Request

from apps.authentication.models import User


def signed_in(request: Request) -> User:
    """The caller of a view that lets nobody in without a token."""
    if not isinstance(request.user, User):
        raise TypeError("This view must require a signed-in caller")
    return request.user
