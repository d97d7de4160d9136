"""What a Dockerfile fetches anew each time is told with the line by which it is kept."""

import pytest

from firefly.builds.analysis import analyse
from firefly.builds.analysis.advice import MOST, advice
from firefly.testing.tree import MemoryTree


@pytest.mark.parametrize(
    ("line", "advised"),
    [
        ("RUN npm ci", "RUN --mount=type=cache,target=/root/.npm npm ci`."),
        ("run cd app && npm install --omit=dev", "RUN --mount=type=cache,target=/root/.npm cd app && npm install"),
        (
            "RUN pip install --no-cache-dir -r r.txt",
            "target=/root/.cache/pip pip install --no-cache-dir -r r.txt`, without --no-cache-dir.",
        ),
        ("RUN uv sync --frozen", "RUN --mount=type=cache,target=/root/.cache/uv uv sync --frozen`."),
        ("RUN corepack enable && pnpm install", "target=/root/.local/share/pnpm/store corepack enable"),
        ("RUN yarn", "target=/usr/local/share/.cache/yarn --mount=type=cache,target=/root/.yarn/berry/cache yarn`."),
        ("RUN yarn --immutable", "/root/.yarn/berry/cache yarn --immutable`."),
        ("RUN go build ./...", "target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build go build ./...`."),
        ("RUN cargo build --release", "target=/usr/local/cargo/registry cargo build --release`."),
        ("RUN ./mvnw package", "target=/root/.m2 ./mvnw package`."),
        # What goes on in further lines is one instruction; what stands first is what is to be changed.
        ("RUN apt-get update \\\n  # why\n && python3 -m pip install six", "/root/.cache/pip apt-get update \\`."),
    ],
)
def test_what_fetches_is_told_with_the_line_that_keeps_it(line: str, advised: str) -> None:
    (said,) = advice("Dockerfile", f"FROM a\n{line}\n")
    assert said.startswith("Dockerfile, line 2: ")
    assert advised in said


@pytest.mark.parametrize(
    "text",
    [
        "RUN --mount=type=cache,target=/x npm ci",
        "RUN --mount=id=a,type=cache,target=/x \\\n npm ci",
        "RUN npm run build",
        "RUN yarn build",
        "RUN echo pip-install; ls; chmod +x mvnw && ls",
        "CMD npm ci",
        # Another user has other folders, which are not known here.
        "USER node\nRUN npm ci",
    ],
)
def test_what_keeps_things_or_fetches_nothing_is_left_alone(text: str) -> None:
    assert advice("Dockerfile", f"FROM a\n{text}\n") == ()


def test_each_stage_begins_as_root_and_a_few_are_told() -> None:
    said = advice("Dockerfile", "FROM a\nUSER app\nRUN npm ci\nFROM b\nUSER root\n" + "RUN npm ci\n" * 9)
    assert len(said) == MOST
    assert "line 6" in said[0]


def test_it_is_among_what_explains_a_build() -> None:
    plan = analyse(MemoryTree({"Dockerfile": 'FROM node\nRUN npm ci\nCMD ["node", "."]\n'}))
    (note,) = plan.notes
    assert "--mount=type=cache,target=/root/.npm" in note
