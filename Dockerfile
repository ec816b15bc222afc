# One image for all processes: `solar log` (the default), `solar upload`, `solar serve`, `solar alert run`, `solar mqtt`.
# See docs/deploy.md.
# BASE may be any Debian with the same python3 in both stages; the build stage needs its venv module.
ARG BASE=python:3.12-slim-bookworm

FROM ${BASE} AS build
WORKDIR /src
RUN python3 -m venv /opt/solar
# The dependencies first: they change less often than the program.
COPY pyproject.toml requirements.lock ./
RUN python3 -c 'import tomllib; project = tomllib.load(open("pyproject.toml", "rb"))["project"]; \
        extras = [each for name in ("alert", "mqtt", "page") for each in project["optional-dependencies"][name]]; \
        print(*project["dependencies"], *extras, sep="\n")' > dependencies.txt \
    && /opt/solar/bin/pip install --no-cache-dir --constraint requirements.lock --requirement dependencies.txt
COPY README.md LICENSE hatch_build.py install.sh compose.yaml compose.site.yaml ./
COPY systemd systemd
COPY deploy deploy
COPY docs/solar.1 docs/solar.1
COPY journal journal
COPY logger logger
COPY uploader uploader
COPY alerts alerts
COPY mqtt mqtt
COPY simulator simulator
COPY admin admin
COPY dashboards dashboards
# For `solar --version`.
ARG SOLAR_COMMIT=
RUN SOLAR_COMMIT="$SOLAR_COMMIT" /opt/solar/bin/pip install --no-cache-dir --no-deps . \
    && /opt/solar/bin/pip uninstall --yes pip

FROM ${BASE}
# dialout (20 on Debian and Raspberry Pi OS) owns the serial ports.
RUN groupadd --system --gid 10001 solar \
    && useradd --system --uid 10001 --gid solar --groups dialout --home-dir /var/lib/solar --no-create-home \
        --shell /usr/sbin/nologin solar \
    && install --directory --owner solar --group solar --mode 770 /var/lib/solar
COPY --from=build /opt/solar /opt/solar
ENV PATH=/opt/solar/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONFAULTHANDLER=1 \
    SOLAR_DATA=/var/lib/solar
# There is no .env file here: settings come from the container's environment.
WORKDIR /
VOLUME /var/lib/solar
# No group is named, so the user keeps its own groups: dialout.
USER 10001
# Only marks the container and restarts nothing: being offline is no reason for a restart.
HEALTHCHECK --interval=60s --timeout=20s --start-period=120s --retries=5 CMD ["solar", "status"]
ENTRYPOINT ["solar"]
CMD ["log", "--wait"]
