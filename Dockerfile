# One image for all processes of ours; docker-compose.yml says which one a container runs.

FROM python:3.13-slim-trixie AS packages
COPY requirements.runtime.lock /tmp/
RUN python -m venv --without-pip /opt/venv
RUN pip --python /opt/venv/bin/python install --no-cache-dir --disable-pip-version-check --no-deps \
    --only-binary :all: --require-hashes --requirement /tmp/requirements.runtime.lock

FROM python:3.13-slim-trixie
RUN groupadd --gid 10001 jcan && useradd --uid 10001 --gid jcan --no-create-home --shell /usr/sbin/nologin jcan
# New volumes take over these folders' owner.
RUN install --directory --owner jcan --group jcan --mode 0700 /var/lib/jcan/ca /var/lib/jcan/econtract
COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY settings.py worker.py ./
COPY activities activities
COPY authorities authorities
COPY cli cli
COPY devstack devstack
COPY domain domain
COPY engine engine
COPY mailing mailing
COPY records records
COPY telemetry telemetry
COPY tenants tenants
COPY web web
COPY workflows workflows
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
# `docker compose exec worker jcan …`
RUN printf '#!/bin/sh\nexec python -m cli "$@"\n' > /usr/local/bin/jcan && chmod 755 /usr/local/bin/jcan
# The file system is read-only later on; and files that only their owner may read here are read by another user there.
RUN python -m compileall -q /app && chmod -R a+rX /app
USER 10001:10001
EXPOSE 8000 9464
CMD ["python", "-m", "web"]
