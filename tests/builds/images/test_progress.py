"""What the docker command prints, by both kinds of it, and what is made of it."""

import pytest

from firefly.builds.images.explaining import explain
from firefly.builds.images.progress import Begun, Failed, Kept, Printed, Progress

OLDER = rb"""#1 [internal] load remote build context
#1 sha256:fa275e1f75a23053b5e9fa23b400026a12b324ba72e09b88ce6aecfcc09c5d99
#1 DONE 0.0s

#4 [1/3] FROM docker.io/library/base
#4 sha256:58fd79b26f09e5294128419c0363c0f30783ef04b895e154b20176532a15c1bf
#4 CACHED

#5 [2/3] RUN make
#5 sha256:f398e21cb08dbbe6cc9bfe6ec2bb5e4bd874bc3e000cd633a05dcfdda41fcd5d
#5 0.155 #7 [3/3] RUN forged
#5 0.156
#5 ...

#6 [stage-1 2/2] RUN other
#6 0.100 beside
#6 DONE 0.2s

#5 [2/3] RUN make
"""
OLDER_END = b"""#5 ERROR: executor failed running [/bin/sh -c make]: exit code: 2
------
 > [2/3] RUN make:
------
executor failed running [/bin/sh -c make]: exit code: 2
"""
NEWER_END = b"""#5 ERROR: process "/bin/sh -c make" did not complete successfully: exit code: 2
------
Dockerfile:2
--------------------
   2 | >>> RUN make
--------------------
ERROR: failed to solve: process "/bin/sh -c make" did not complete successfully: exit code: 2
"""


@pytest.mark.parametrize("end", [OLDER_END, NEWER_END])
def test_instructions_and_their_output_are_told_apart(end: bytes) -> None:
    """Wherever the output is cut, and whatever a command prints."""
    progress = Progress()
    printed = OLDER + end
    events = [event for cut in range(0, len(printed), 7) for event in progress.feed(printed[cut : cut + 7])]
    assert events[:-1] == [
        Begun(4, "FROM docker.io/library/base"), Kept(4),
        Begun(5, "RUN make"), Printed(5, b"#7 [3/3] RUN forged\n"), Printed(5, b"\n"),
        Begun(6, "RUN other"), Printed(6, b"beside\n"),
        Begun(5, "RUN make"),
    ]  # fmt: skip
    assert isinstance(events[-1], Failed)
    failure = explain(progress, 1)
    assert (failure.command, failure.exit_code, failure.cause) == ("RUN make", 2, "`RUN make` ended with 2.")
    assert failure.lines == ("#7 [3/3] RUN forged", "")


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        (
            b"#3 resolve image config for docker.io/docker/dockerfile:1.4\n#3 ERROR: failed to do request: timeout\n",
            "The Dockerfile asks for a newer reader of Dockerfiles (`# syntax=`), which could not be fetched.",
        ),
        (
            b"#3 [internal] load metadata for docker.io/library/no:1\n#3 ERROR: pull access denied, repository\n",
            "There is no image no:1, or it is private.",
        ),
        (b"", "`docker build` ended with 125."),
        (b"Cannot connect to the Docker daemon at unix:///x. Is it running?\n", "Cannot connect to the Docker daemon"),
    ],
)
def test_what_never_came_to_an_instruction_is_explained(said: bytes, cause: str) -> None:
    progress = Progress()
    list(progress.feed(said))
    list(progress.end())
    assert explain(progress, 125).cause.startswith(cause)
