FROM python:3.11-slim

WORKDIR /opt/tongbo
COPY requirements/runtime.txt requirements/runtime.txt
RUN pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements/runtime.txt
COPY pyproject.toml README.md ./
COPY contracts contracts
COPY ledger ledger
COPY projections projections
COPY migrations migrations
COPY edges edges
RUN pip install --no-cache-dir --no-deps --no-build-isolation . \
    && useradd --system --uid 10001 --home-dir /var/lib/tongbo --shell /usr/sbin/nologin tongbo \
    && install --directory --owner=tongbo --group=tongbo --mode=0700 /var/lib/tongbo
WORKDIR /var/lib/tongbo
USER tongbo
ENTRYPOINT ["tongbo"]
