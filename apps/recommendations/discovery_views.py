"""Ways to films that begin elsewhere than at an account's library: a session, first questions, one film."""

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny, BasePermission, IsAuthenticated
from rest_framework.request import Request

from apps.authentication.requests import signed_in
from apps.movies.serializers import MovieCardSerializer
from apps.recommendations.discovery_serializers import (
    ExplainQuery,
    ExplanationMetaSerializer,
    ExplanationSerializer,
    MergeBody,
    MergedSerializer,
    OnboardedSerializer,
    OnboardingBody,
    OnboardingMetaSerializer,
    OnboardingQuery,
    SessionBody,
    SessionMetaSerializer,
    SimilarQuery,
)
from apps.recommendations.explain import explanation_for
from apps.recommendations.onboarding import Answer, answers_take, questions_for
from apps.recommendations.serializers import ProvenanceSerializer, RecommendationSerializer
from apps.recommendations.sessions import recommend_in_session, session_merge
from apps.recommendations.similar import similar_for
from apps.recommendations.views import page_response
from utils.pagination import pagination_block
from utils.rendering import ApiResponse
from utils.views import ApiView


@extend_schema(tags=["recommendations"])
class SessionView(ApiView):
    """For callers without an account: whatever Authorization header they send is not read."""

    authentication_classes = []
    permission_classes = [AllowAny]
    throttles = ("misses",)  # it writes nothing that outlives the session, and costs what a miss of a cache costs
    errors = (404,)
    post_meta_serializer_class = SessionMetaSerializer

    @extend_schema(
        operation_id="recommendations_session",
        request=SessionBody,
        responses={200: RecommendationSerializer(many=True)},
    )
    def post(self, request: Request) -> ApiResponse:
        """What to watch next after the films picked so far, without an account.

        Filters are spelled as in the query of `recommendations/`. Send `meta.session_id` along from then on; once
        signed in, `session/merge/` brings the films and the feedback into the account.
        """
        body = SessionBody(data=request.data)
        body.is_valid(raise_exception=True)
        told = body.validated_data
        wish, cut = SessionBody.wish_of(told), SessionBody.cut_of(told)
        answer = recommend_in_session(told["tmdb_ids"], wish, cut, session_id=told["session_id"])
        return ApiResponse(
            [item.as_json() for item in answer.page.items],
            pagination=pagination_block(page=cut.page, per_page=cut.per_page, total=answer.page.total),
            meta=answer.page.provenance.as_json() | {"session_id": answer.session_id, "unknown": answer.unknown},
        )


@extend_schema(tags=["recommendations"])
class SessionMergeView(ApiView):
    @extend_schema(operation_id="recommendations_session_merge", request=MergeBody, responses={200: MergedSerializer})
    def post(self, request: Request) -> ApiResponse:
        """Bring what was picked without an account into yours; the session is over then. Twice is the same as once.

        The films become favorites, the first picked the oldest; the session's lists and the feedback on them are yours.
        """
        body = MergeBody(data=request.data)
        body.is_valid(raise_exception=True)
        merged = session_merge(user=signed_in(request), **body.validated_data)
        return ApiResponse(MergedSerializer(merged).data, message="Your picks are in your library now.")


@extend_schema(tags=["recommendations"])
class OnboardingView(ApiView):
    query_serializer_class = OnboardingQuery
    meta_serializer_class = OnboardingMetaSerializer
    post_meta_serializer_class = ProvenanceSerializer
    throttles = ("writes", "misses")

    def get_permissions(self) -> list[BasePermission]:
        return [AllowAny() if self.request.method in {"GET", "HEAD"} else IsAuthenticated()]

    @extend_schema(operation_id="recommendations_onboarding", responses={200: MovieCardSerializer(many=True)})
    def get(self, request: Request) -> ApiResponse:
        """Films to ask a newcomer about: well known, and such that the answers tell most of a taste."""
        questions = questions_for(request.user, n=self.query["n"])
        meta = {"chosen_by": questions.chosen_by, "model_version": questions.model_version}
        return ApiResponse(questions.cards, meta=meta)

    @extend_schema(
        operation_id="recommendations_onboarding_answer",
        request=OnboardingBody,
        responses={200: OnboardedSerializer},
    )
    def post(self, request: Request) -> ApiResponse:
        """Answer, and get recommendations by the answers at once.

        A film that was liked is a favorite from then on; one that was not is among the hidden films, is never
        recommended, and speaks against films like it, until it is taken off `hidden/`. Of two answers about a film the
        later holds.
        """
        body = OnboardingBody(data=request.data)
        body.is_valid(raise_exception=True)
        answers = {each["tmdb_id"]: Answer(each["answer"]) for each in body.validated_data["answers"]}
        answered = answers_take(user=signed_in(request), answers=answers)
        data = {
            "liked": answered.liked,
            "disliked": answered.disliked,
            "unseen": answered.unseen,
            "not_found": answered.not_found,
            "recommendations": [item.as_json() for item in answered.page.items],
        }
        return ApiResponse(data, message="Saved.", meta=answered.page.provenance.as_json())


@extend_schema(tags=["recommendations"])
class SimilarView(ApiView):
    permission_classes = [AllowAny]
    query_serializer_class = SimilarQuery
    meta_serializer_class = ProvenanceSerializer
    throttles = ("misses",)

    @extend_schema(operation_id="recommendations_similar", responses={200: RecommendationSerializer(many=True)})
    def get(self, request: Request, tmdb_id: int) -> ApiResponse:
        """Films like this one, as an engine sees it; for a signed-in caller without what they are done with.

        There are fewer films rather than such as are not alike: `meta.filled` is 0, and `meta.personalised` false.
        """
        wish, cut = SimilarQuery.wish_of(self.query), SimilarQuery.cut_of(self.query)
        return page_response(similar_for(request.user, tmdb_id, wish, cut), cut)


@extend_schema(tags=["recommendations"])
class ExplainView(ApiView):
    query_serializer_class = ExplainQuery
    meta_serializer_class = ExplanationMetaSerializer

    @extend_schema(operation_id="recommendations_explain", responses={200: ExplanationSerializer})
    def get(self, request: Request, tmdb_id: int) -> ApiResponse:
        """Why this film is recommended to you, or why not: its place, its reasons, and all that holds it back."""
        told = explanation_for(signed_in(request), tmdb_id, ExplainQuery.wish_of(self.query))
        standing = told.standing
        data = {
            "movie": told.movie,
            "would_show": told.would_show,
            "rank": standing.rank,
            "of": standing.of,
            "score": standing.score,
            "relevance": standing.relevance,
            "reasons": [reason.as_json() for reason in told.reasons],
            "predicted_rating": told.predicted_rating,
            "held_back": [vars(each) for each in told.held_back],
        }
        meta = {
            "requested": told.requested,
            "served": standing.served,
            "fallback_reason": standing.fallback_reason,
            "model_version": told.model_version,
            "trained_at": told.trained_at,
        }
        return ApiResponse(data, meta=meta)
