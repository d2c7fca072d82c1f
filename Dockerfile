# An image that runs ragmtl as a normal user, on the CPU:
#   docker build -t ragmtl . && docker run --rm -v "$PWD:/work" ragmtl doctor
# What it writes belongs to user 1000; `--user "$(id -u):$(id -g)"` writes as you.
FROM python:3.11-slim AS build
WORKDIR /source
COPY pyproject.toml MANIFEST.in README.md LICENSE constraints.txt ./
COPY ragmtl ragmtl
COPY kg kg
COPY retrieval retrieval
COPY models models
COPY tasks tasks
# The index of torch without CUDA has few other packages: what torch needs comes with the rest.
RUN python -m venv /opt/ragmtl \
    && /opt/ragmtl/bin/pip install --no-cache-dir --no-deps --index-url https://download.pytorch.org/whl/cpu \
        "$(grep '^torch==' constraints.txt)" \
    && /opt/ragmtl/bin/pip install --no-cache-dir -c constraints.txt ".[minilm]"

FROM python:3.11-slim
RUN useradd --create-home --uid 1000 ragmtl
COPY --from=build /opt/ragmtl /opt/ragmtl
ENV PATH=/opt/ragmtl/bin:$PATH PYTHONUNBUFFERED=1
USER ragmtl
WORKDIR /work
ENTRYPOINT ["ragmtl"]
CMD ["--help"]
