# Two images from one file. `docker build .` makes the server; `firefly admin image build` the project image, by the
# target of that name.

FROM node:22-bookworm-slim AS editor
WORKDIR /src/editor
COPY editor/package.json editor/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY editor ./
RUN npm run build

FROM python:3.13-slim-bookworm AS wheel
WORKDIR /src
COPY requirements.lock ./
RUN python -m venv /opt/firefly && /opt/firefly/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml setup.py README.md LICENSE ./
COPY firefly ./firefly
COPY migrations ./migrations
COPY docs ./docs
COPY --from=editor /src/firefly/web/static/editor ./firefly/web/static/editor
RUN /opt/firefly/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

# What a project finds inside its sandbox: Node, Python, git, common build tools, and the bridge. iptables is for the
# container that sets the rules of sandboxes' networks.
FROM python:3.13-slim-bookworm AS project
RUN apt-get update \
    && apt-get install -y --no-install-recommends git openssh-client ca-certificates curl build-essential pkg-config less nano \
        iptables procps \
    && rm -rf /var/lib/apt/lists/*
# Of the languages that `firefly admin image build --with` names. Java's packages want the folder.
ARG PACKAGES=""
RUN [ -z "$PACKAGES" ] \
    || { mkdir -p /usr/share/man/man1 && apt-get update && apt-get install -y --no-install-recommends $PACKAGES \
    && rm -rf /var/lib/apt/lists/*; }
COPY --from=editor /usr/local/bin/node /usr/local/bin/node
COPY --from=editor /usr/local/lib/node_modules /usr/local/lib/node_modules
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm \
    && ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx \
    && useradd --uid 10001 --create-home --home-dir /home/firefly firefly \
    && install -d -o firefly -g firefly /workspace \
    && install -d /run/firefly/gateway
COPY --from=wheel /opt/firefly /opt/firefly
USER firefly
WORKDIR /workspace
CMD ["/opt/firefly/bin/python", "-s", "-P", "-m", "firefly.bridge"]

# What sandboxes can do without: artifacts in a bucket.
FROM wheel AS whole
COPY requirements-s3.lock ./
RUN /opt/firefly/bin/pip install --no-cache-dir --require-hashes -r requirements-s3.lock

FROM python:3.13-slim-bookworm AS server
RUN apt-get update \
    && apt-get install -y --no-install-recommends git openssh-client ca-certificates bubblewrap slirp4netns tini \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10000 --create-home firefly \
    && install -d -o firefly -g firefly /var/lib/firefly
COPY --from=editor /usr/local/bin/node /usr/local/bin/node
COPY --from=editor /usr/local/lib/node_modules /usr/local/lib/node_modules
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm && ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx
COPY --from=whole /opt/firefly /opt/firefly
USER firefly
ENV PATH=/opt/firefly/bin:$PATH FIREFLY_DATA_DIR=/var/lib/firefly FIREFLY_LISTEN=0.0.0.0:8000 FIREFLY_URL=http://localhost:8000
VOLUME /var/lib/firefly
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s CMD ["python", "-c", "import os, ssl, urllib.request as r; e = os.environ.get; s = 'https' if e('FIREFLY_TLS_CERTIFICATES') or e('FIREFLY_ACME_DIRECTORY') else 'http'; r.urlopen(s + '://127.0.0.1:8000/healthz', timeout=2, context=ssl._create_unverified_context())"]
ENTRYPOINT ["tini", "--", "firefly", "serve"]
