from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.authentication.requests import signed_in
from apps.favorites.models import LibraryState
from apps.preferences.models import UserPreference
from apps.preferences.serializers import PreferenceSerializer
from apps.preferences.services import preference_reset, preference_set
from utils.rendering import ApiResponse
from utils.views import ApiGenericView, ApiView


@extend_schema(tags=["preferences"])
class PreferenceView(ApiGenericView):
    serializer_class = PreferenceSerializer

    def get_object(self) -> UserPreference:
        return UserPreference.objects.of(signed_in(self.request))

    @extend_schema(operation_id="preferences")
    def get(self, request: Request) -> ApiResponse:
        """What the signed-in user told us; recommendations obey every part of it."""
        return ApiResponse(self.get_serializer(self.get_object()).data)

    @extend_schema(operation_id="preferences_replace")
    def put(self, request: Request) -> ApiResponse:
        """Replace all preferences; what is left out goes back to its default."""
        return self._change(request, partial=False)

    @extend_schema(operation_id="preferences_change")
    def patch(self, request: Request) -> ApiResponse:
        """Change the preferences named in the body."""
        return self._change(request, partial=True)

    def _change(self, request: Request, *, partial: bool) -> ApiResponse:
        user = signed_in(request)
        with transaction.atomic():
            LibraryState.objects.lock(user)  # what a change is checked against stays as it is until it is made
            serializer = self.get_serializer(self.get_object(), data=request.data, partial=partial)
            serializer.is_valid(raise_exception=True)
            changed = preference_set(user=user, **serializer.validated_data)
        return ApiResponse(self.get_serializer(changed).data, message="Preferences saved.")


@extend_schema(tags=["preferences"])
class PreferenceResetView(ApiView):
    @extend_schema(operation_id="preferences_reset", request=None, responses={200: PreferenceSerializer})
    def post(self, request: Request) -> ApiResponse:
        """Forget all preferences; the answer is the defaults."""
        defaults = preference_reset(user=signed_in(request))
        return ApiResponse(PreferenceSerializer(defaults).data, message="Preferences reset.")
