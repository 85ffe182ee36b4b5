"""Trained models, for staff: which there are, how good each is, and which one answers."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import IsAdminUser
from rest_framework.request import Request

from apps.recommendations.model_serializers import ModelCardSerializer, ModelVersionSerializer
from apps.recommendations.models import ModelVersion
from apps.recommendations.promotion import model_activate, model_roll_back
from utils.pagination import page_of, pagination_block
from utils.query_params import PageQuery
from utils.rendering import ApiResponse
from utils.views import ApiView


@extend_schema(tags=["recommendations"])
class ModelListView(ApiView):
    permission_classes = [IsAdminUser]
    errors = [403]
    query_serializer_class = PageQuery

    @extend_schema(operation_id="recommendations_models_list", responses={200: ModelVersionSerializer(many=True)})
    def get(self, request: Request) -> ApiResponse:
        """Every training run, newest first: how good its best engine is, and whether it was let answer."""
        versions, total = page_of(ModelVersion.objects.all(), self.query)
        block = pagination_block(page=self.query["page"], per_page=self.query["per_page"], total=total)
        return ApiResponse(ModelVersionSerializer(versions, many=True).data, pagination=block)


@extend_schema(tags=["recommendations"])
class ModelCardView(ApiView):
    permission_classes = [IsAdminUser]
    errors = [403]

    @extend_schema(operation_id="recommendations_models_card", responses={200: ModelCardSerializer})
    def get(self, request: Request, name: str) -> ApiResponse:
        """A model's card: its data, its figures beside popular films and chance, whom it serves how well."""
        return ApiResponse(ModelCardSerializer(get_object_or_404(ModelVersion, name=name)).data)


class _ChangesWhatAnswers(ApiView):
    permission_classes = [IsAdminUser]
    errors: Any = [403, 409]


@extend_schema(tags=["recommendations"])
class ModelActivateView(_ChangesWhatAnswers):
    @extend_schema(
        operation_id="recommendations_models_activate", request=None, responses={200: ModelVersionSerializer}
    )
    def post(self, request: Request, name: str) -> ApiResponse:
        """Let this model answer, whatever its verdict; 409 where its arrays cannot be read, and nothing changes."""
        version = get_object_or_404(ModelVersion, name=name)
        model_activate(version)
        return ApiResponse(ModelVersionSerializer(version).data, message="This model answers now.")


@extend_schema(tags=["recommendations"])
class ModelRollBackView(_ChangesWhatAnswers):
    @extend_schema(
        operation_id="recommendations_models_roll_back", request=None, responses={200: ModelVersionSerializer}
    )
    def post(self, request: Request) -> ApiResponse:
        """Let the model answer that answered before, the newest that can be read; twice is back where one was."""
        version = model_roll_back()
        return ApiResponse(ModelVersionSerializer(version).data, message="The model before answers again.")
