from django.apps import AppConfig


class OperationsConfig(AppConfig):
    name = "apps.operations"

    def ready(self) -> None:
        from apps.operations.jobs import job_record
        from apps.operations.state import StateCollector
        from apps.operations.usage import usage_count
        from utils.jobs import on_run
        from utils.metrics import register_collector
        from utils.observing import on_request

        on_run(job_record)
        on_request(usage_count)
        register_collector(StateCollector())
