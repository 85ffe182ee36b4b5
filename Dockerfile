# One file, two images: `runtime` for the web, the schedule and commands; `runtime-training` for the worker, which also
# learns. They share all layers but the last two, and a change of code leaves the packages where they are.
FROM python:3.11.14-slim-bookworm AS packages
RUN python -m venv --without-pip /venv
ENV PATH=/venv/bin:$PATH
WORKDIR /app
COPY requirements/production.txt requirements/
# Nobody tests packages here: their own tests are a tenth of what they weigh.
RUN pip --python /venv install --no-cache-dir --require-hashes -r requirements/production.txt \
    && find /venv/lib -type d -name tests -path '*/site-packages/*' -prune -exec rm -rf {} +

FROM packages AS training-packages
COPY requirements/training.txt requirements/
WORKDIR /
RUN touch before \
    && pip --python /venv install --no-cache-dir --require-hashes -r app/requirements/training.txt \
    && find /venv/lib -type d -name tests -path '*/site-packages/*' -prune -exec rm -rf {} + \
    && find venv -newer before ! -type d -exec cp --archive --parents --target-directory /tmp {} +

FROM packages AS application
ENV DJANGO_SETTINGS_MODULE=config.settings.production
COPY manage.py ./
COPY utils utils
COPY config config
COPY apps apps
# Settings want secrets to start. These live as long as this one command.
RUN SECRET_KEY="$(cat /proc/sys/kernel/random/uuid)" JWT_SIGNING_KEY="$(cat /proc/sys/kernel/random/uuid)" \
    ALLOWED_HOSTS=build python manage.py collectstatic --noinput \
    && python -m compileall -q apps config utils

FROM python:3.11.14-slim-bookworm AS common
RUN useradd --uid 10001 --no-log-init --no-create-home marquee \
    && install --directory --owner marquee --group marquee /var/lib/marquee/artifacts \
    && rm -rf /usr/local/bin/pip* /usr/local/lib/python3.11/site-packages/* /usr/local/lib/python3.11/ensurepip
COPY --from=packages /venv /venv
WORKDIR /app
# More threads than cores make small matrix products several times slower.
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    OMP_NUM_THREADS=1 \
    OPENBLAS_NUM_THREADS=1 \
    DJANGO_SETTINGS_MODULE=config.settings.production \
    ARTIFACT_ROOT=/var/lib/marquee/artifacts
USER 10001:10001

FROM common AS runtime-training
COPY --from=training-packages /tmp/venv /venv
COPY --from=application /app /app
ARG VERSION=0.1.0
ARG COMMIT=unknown
# A worker that is told to stop ends what is nearly done and gives back the rest; else it would wait until it is killed.
ENV MARQUEE_COMMIT=$COMMIT \
    REMAP_SIGTERM=SIGQUIT
LABEL org.opencontainers.image.title="Marquee, the worker" \
    org.opencontainers.image.version=$VERSION \
    org.opencontainers.image.revision=$COMMIT
HEALTHCHECK --interval=60s --timeout=20s --start-period=40s \
    CMD ["sh", "-c", "celery -A config inspect ping --destination celery@$HOSTNAME"]
CMD ["celery", "-A", "config", "worker", "--loglevel", "INFO", "--concurrency", "2"]

FROM common AS runtime
COPY --from=application /app /app
ARG VERSION=0.1.0
ARG COMMIT=unknown
ENV MARQUEE_COMMIT=$COMMIT
LABEL org.opencontainers.image.title="Marquee" \
    org.opencontainers.image.version=$VERSION \
    org.opencontainers.image.revision=$COMMIT
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ.get('PORT', 8000)}/health/live/\", timeout=4)"]
CMD ["gunicorn", "--config", "config/gunicorn.py", "config.wsgi"]
