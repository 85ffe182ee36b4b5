FROM python:3.11-slim AS builder
RUN python -m venv --without-pip /venv
ENV PATH=/venv/bin:$PATH DJANGO_SETTINGS_MODULE=config.settings.production
WORKDIR /app
COPY requirements/production.txt requirements/
RUN pip --python /venv install --no-cache-dir --require-hashes -r requirements/production.txt
COPY . .
# Settings want secrets to start. These live as long as this one command.
RUN SECRET_KEY="$(cat /proc/sys/kernel/random/uuid)" JWT_SIGNING_KEY="$(cat /proc/sys/kernel/random/uuid)" \
    ALLOWED_HOSTS=build python manage.py collectstatic --noinput \
    && python -m compileall -q apps config utils

FROM python:3.11-slim
RUN useradd --uid 10001 --no-log-init --no-create-home marquee \
    && install --directory --owner marquee --group marquee /var/lib/marquee/artifacts
COPY --from=builder /venv /venv
COPY --from=builder /app /app
WORKDIR /app
# More threads than cores make small matrix products several times slower.
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    OMP_NUM_THREADS=1 \
    OPENBLAS_NUM_THREADS=1 \
    DJANGO_SETTINGS_MODULE=config.settings.production \
    ARTIFACT_ROOT=/var/lib/marquee/artifacts
ARG COMMIT=unknown
ENV MARQUEE_COMMIT=$COMMIT
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/health/live/', timeout=4)"]
CMD ["gunicorn", "--config", "config/gunicorn.py", "config.wsgi"]
