"""Lists that were shown, and what was done with them."""

from datetime import timedelta

from django.utils import timezone

from apps.recommendations.models import Feedback, RecommendationList


def show(films, *, shown=None, days_ago=0, opened=(), liked=(), dismissed=(), watched=(), **columns):
    """A list of these films, all of them shown unless told otherwise; what was done is told by places from 0."""
    made = RecommendationList.objects.create(
        **{"scenario": "for_you", "algorithm": "knn", "model_version": "v1"} | columns,
        movies=[film.pk for film in films],
        shown=len(films) if shown is None else shown,
        created_at=timezone.now() - timedelta(days_ago),
    )
    done = {"opened": opened, "liked": liked, "dismissed": dismissed, "watched": watched}
    for kind, places in done.items():
        for place in places:
            Feedback.objects.create(list=made, movie=films[place], rank=place + 1, kind=kind)
    return made
