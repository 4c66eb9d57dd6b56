# The image of every MetricOps Pod: docker build --build-arg SOURCE_DATE_EPOCH="$(git log -1 --format=%ct)" .
# The base is named by its version, for people, and by its digest, which is what is pulled: change both together, in
# both stages. How its digest is known: docs/decisions/0027-installation.md.
FROM python:3.11.16-slim-bookworm@sha256:528257d48c1da0dcecc2e725d1ae34498d60c965f1241e39cd6a85a8859bdf84 AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /source
# What it needs, each file by its hash; only wheels, so that nothing is compiled here.
COPY requirements.lock requirements-build.lock ./
RUN python -m pip install --require-hashes --only-binary :all: --no-deps --no-compile --prefix /install -r requirements.lock \
    && python -m pip install --require-hashes --only-binary :all: --no-deps -r requirements-build.lock
COPY . .
# Compiled here, because a Pod can't write what it compiles; by hashes, not times, and with one time for every file, so
# that the same sources give the same bytes. Of the Kubernetes client, what is loaded only by name stays as it is.
ARG SOURCE_DATE_EPOCH=1577836800
RUN python -m pip wheel --no-build-isolation --no-deps --wheel-dir /wheel . \
    && python -m pip install --no-index --no-deps --no-compile --prefix /install /wheel/*.whl \
    && python -m compileall -q -x 'kubernetes/(aio|client/(api|models))/' --invalidation-mode unchecked-hash \
        -s /install -p /usr/local /install/lib \
    && find /install -exec touch --no-dereference --date="@${SOURCE_DATE_EPOCH}" {} +

FROM python:3.11.16-slim-bookworm@sha256:528257d48c1da0dcecc2e725d1ae34498d60c965f1241e39cd6a85a8859bdf84
LABEL org.opencontainers.image.title="MetricOps" \
      org.opencontainers.image.description="Turns a firing SLO alert into the right rollout undo" \
      org.opencontainers.image.licenses="Apache-2.0"
# Nothing can be installed into it.
RUN python -m pip uninstall --yes --quiet pip setuptools wheel \
    && rm -rf /usr/local/lib/python3.11/ensurepip
COPY --from=build /install /usr/local
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 65532:65532
EXPOSE 8080 8443
ENTRYPOINT ["metricops"]
