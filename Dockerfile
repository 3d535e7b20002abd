# nuqleus in a container: two images from this file, `--target cpu` (the default) and `--target gpu` (NVIDIA's libraries in it).
#
#   docker build --tag nuqleus:cpu .
#   docker run --rm --init --volume "$PWD/inbox:/inbox:ro" --volume nuqleus:/state nuqleus:cpu
#
# That is `nuqleus run`, everything in one container; docker-compose.yml runs the parts apart. What each layer holds and
# weighs is in docs/deployment.md.

FROM docker.io/library/python:3.11-slim-bookworm AS python


# What installs: uv, of the version and with the hash that the lock says. None of it gets into an image.
FROM python AS tools
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore \
    UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_NO_CACHE=1 \
    UV_PYTHON_DOWNLOADS=never \
    VIRTUAL_ENV=/opt/nuqleus \
    PACKAGES=/opt/nuqleus/lib/python3.11/site-packages
WORKDIR /build
COPY requirements.lock ./
RUN sed -n '/^uv==/,/[^\\]$/p' requirements.lock > uv.lock \
    && pip install --no-cache-dir --require-hashes --no-deps -r uv.lock
COPY pyproject.toml requirements-gpu.lock ./


# The libraries: those that pyproject.toml names, without the tools of the people who work on it; versions and hashes are
# the lock's. EXTRAS=vendor adds those for microscopes' own formats. TensorFlow's headers, and the compiler that reads
# them, are for building extensions: 350 MB.
FROM tools AS cpu-libraries
ARG EXTRAS=""
RUN uv venv "$VIRTUAL_ENV" \
    && uv pip install --require-hashes -r pyproject.toml ${EXTRAS:+--extra="$EXTRAS"} --constraints requirements.lock \
    && rm -r "$PACKAGES"/tensorflow/include "$PACKAGES"/clang

# what this one's lock lacks, the extras, comes from the other's
FROM tools AS gpu-libraries
ARG EXTRAS=""
RUN uv venv "$VIRTUAL_ENV" \
    && echo tensorflow-cpu > not-on-a-gpu \
    && uv pip install --require-hashes -r requirements-gpu.lock -r pyproject.toml ${EXTRAS:+--extra="$EXTRAS"} \
        --constraints requirements.lock --excludes not-on-a-gpu \
    && rm -r "$PACKAGES"/tensorflow/include "$PACKAGES"/clang


# nuqleus itself, with its weights; a change of it leaves the layer of libraries alone
FROM tools AS program
RUN grep -o '^hatchling==[^ ]*' requirements.lock > hatchling.txt \
    && uv pip install --system --require-hashes -r hatchling.txt --constraints requirements.lock
COPY LICENSE README.md ./
COPY cli cli
COPY model model
COPY nuqleus nuqleus
COPY scheduler scheduler
COPY web web
COPY worker worker
RUN hatchling build --target wheel \
    && uv venv "$VIRTUAL_ENV" \
    && uv pip install --no-deps dist/*.whl


FROM python AS base
LABEL org.opencontainers.image.title="nuqleus" \
      org.opencontainers.image.description="Drop microscopy images into a folder; get every nucleus, outlined and measured, in a database." \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="BSD-3-Clause"
# any other user will do as well: whoever may read the images. /run/secrets is there for a volume to take its mode from
RUN groupadd --gid 1000 nuqleus \
    && useradd --uid 1000 --gid 1000 --no-create-home --home-dir /tmp nuqleus \
    && install --directory --owner nuqleus --group nuqleus /inbox /state \
    && install --directory --mode 1777 /run/secrets
ENV HOME=/tmp \
    NUQLEUS_INPUT_DIR=/inbox \
    NUQLEUS_STATE_DIR=/state \
    PATH=/opt/nuqleus/bin:$PATH \
    PYTHONUNBUFFERED=1
WORKDIR /tmp
USER 1000:1000
ENTRYPOINT ["nuqleus"]
CMD ["run"]


FROM base AS gpu
ENV NVIDIA_DRIVER_CAPABILITIES=compute,utility
COPY --from=gpu-libraries /opt/nuqleus /opt/nuqleus
COPY --from=program /opt/nuqleus /opt/nuqleus


FROM base AS cpu
COPY --from=cpu-libraries /opt/nuqleus /opt/nuqleus
COPY --from=program /opt/nuqleus /opt/nuqleus
