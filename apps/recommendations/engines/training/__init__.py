"""What learns by gradients. Imported inside ``fit`` alone: no web process ever holds what is in here."""

from apps.recommendations.engines.contract import TrainingRequirementsMissing

try:
    import jax  # noqa: F401  # asked here once for all, so that each learner imports it plainly
    import optax  # noqa: F401
except ModuleNotFoundError as exc:
    raise TrainingRequirementsMissing(
        f"{exc.name} is not installed, which this engine learns with: pip install -r requirements/training.txt",
        name=exc.name,
    ) from exc
