"""Why builds fail: the likely cause, what to do about it, and the lines that tell, from what a command printed last.

A table, looked through from above; the first entry that fits is taken. Each is of the tools' own words.
"""

import re
from collections.abc import Sequence

from ..model import Failure
from .causes import Cause, when
from .compiling import OF_LANGUAGES
from .toolchains import absences

MOST_LINES, LONGEST_LINE = 10, 500
FROM_INSIDE = "The sandbox was ended from inside: by the build itself, or since its memory was used up."
# Lines before the one that tells, and the most after it.
_BEFORE, _AFTER = 1, 6
TESTS_FAILED = "Tests failed."
# What tools put before the name of a test that failed.
_FAILED_TEST = re.compile(r"\s*(?:FAIL(?:ED)?:? |--- FAIL: |ERROR: |not ok \d|[✕✗×●] |test .* \.\.\. FAILED$)")


CAUSES: tuple[Cause, ...] = (
    when(
        r"exec /bin/sh failed: No such file",
        "The image has no shell, and commands of firefly.yml are run by one.",
        "Test in a stage of the Dockerfile that has a shell (`RUN`), or put /bin/sh into the image.",
    ),
    when(
        r"ENOSPC|No space left on device|Disk quota exceeded",
        "The disk of the sandbox is full.",
        "Ask for more with `resources: {disk: …}` in firefly.yml, or install and build less.",
    ),
    when(
        r"JavaScript heap out of memory|Allocation failed - JavaScript heap|MemoryError|Cannot allocate memory"
        r"|java\.lang\.OutOfMemoryError|ENOMEM",
        "The memory of the sandbox was used up.",
        "Ask for more with `resources: {memory: 2g}` in firefly.yml, or build with fewer workers.",
    ),
    when(
        r"fork: (?:retry: )?Resource temporarily unavailable|can't start new thread"
        r"|pthread_create.*EAGAIN|spawn .* EAGAIN",
        "The sandbox has no room for more processes.",
        "Ask for more with `resources: {pids: …}` in firefly.yml, or let it start fewer at one time.",
    ),
    *OF_LANGUAGES,
    when(
        r"npm (?:ERR!|error).*(?:can only install with an existing package-lock|`npm ci` can only install)",
        "`npm ci` needs a lock file, and there is none.",
        "Run `npm install`, and commit the package-lock.json that it writes.",
    ),
    when(
        r"(?:package\.json and package-lock\.json.*not in sync"
        r"|npm ci.*can only install packages when your package\.json)",
        "package.json and package-lock.json do not fit each other.",
        "Run `npm install`, and commit both files.",
    ),
    when(
        r"ERR_PNPM_OUTDATED_LOCKFILE|lockfile (?:needs to be updated|would have been modified)"
        r"|lockfile is not up to date",
        "The lock file does not fit what it locks.",
        "Install once on your machine, and commit the lock file that is written.",
    ),
    when(
        r"The lockfile at .* needs to be updated|pyproject\.toml changed significantly since poetry\.lock",
        "The lock file does not fit pyproject.toml.",
        "Lock anew (`uv lock`, `poetry lock`), and commit the file.",
    ),
    when(
        r"No compatible signature found in package metadata|The package was not signed by any trusted keys",
        "corepack cannot tell who published the package manager: the registry here has no signature of it.",
        "Have its hash beside its version in package.json, by which it is checked then: run `corepack use "
        "<manager>@<version>` on your machine, and commit `packageManager`.",
    ),
    when(
        r"Mismatch hashes\. Expected \w+, got",
        "What corepack was given is not the package manager whose hash is in package.json.",
        "See that `packageManager` has the hash of that very version: `corepack use <manager>@<version>` writes it.",
    ),
    when(
        r"(?:EACCES|EROFS|EPERM)\b.*(?:symlink|unlink).*corepack",
        "corepack cannot put its programs beside Node, where nothing may be written.",
        "Leave `corepack enable` out, and call `corepack pnpm …` or `corepack yarn …`.",
    ),
    when(
        r"npm (?:ERR!|error).*Missing script:? \"?([\w:.-]+)",
        "package.json has no script “{0}”.",
        "Add it under `scripts`, or name another one in firefly.yml.",
    ),
    when(
        r"npm (?:ERR!|error).*code (?:E404|ETARGET)|No matching version found for (\S+)",
        "A package that is asked for does not exist in that version.",
        "Correct its name or version in package.json, and lock anew.",
    ),
    when(
        r"npm (?:ERR!|error).*(?:ERESOLVE|unable to resolve dependency tree)",
        "The packages ask for versions of one another that do not fit.",
        "Change the versions in package.json until `npm install` succeeds, and commit the lock file.",
    ),
    when(
        r"Could not find a version that satisfies the requirement (\S+)|No matching distribution found for (\S+)",
        "pip finds no version of “{0}” that fits.",
        "Correct its name or version, or ask for another Python: not every package is made for every one.",
    ),
    when(
        r"ResolutionImpossible|conflicting dependencies|No solution found when resolving",
        "The requirements contradict one another.",
        "Loosen the versions that are named in the lines above.",
    ),
    when(
        r"(?:Failed building wheel for|Failed to build) ([\w.-]+)|error: command '.*gcc.*' failed|Microsoft Visual C",
        "A package could not be compiled.",
        "Ask for a version of it that comes as a wheel, or for the libraries that it needs by an `image` of your own.",
    ),
    when(
        r"KeyError: '(?-i:([A-Z][A-Z0-9_]{2,}))'|(?-i:\b([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+))\W? (?:is|was)"
        r" (?:not set|not defined|missing|required|undefined|empty)|(?-i:\b([A-Z][A-Z0-9_]+)): unbound variable"
        r"|environment variables?:? \W?(?-i:([A-Z][A-Z0-9_]{2,}))",
        "The variable {0} is not set.",
        "Set it with `firefly secret set PROJECT {0}`, or under `env` in firefly.yml.",
    ),
    when(
        r"ModuleNotFoundError: No module named '?([\w.]+)|ImportError: cannot import name",
        "Python does not find the module “{0}”.",
        "Add the package that brings it to the requirements.",
    ),
    when(
        r"(?:Cannot find module|Can't resolve|Failed to resolve import|Could not resolve) ['\"]([^'\"]+)",
        "The module “{0}” is imported and not there.",
        "Add it to the dependencies, or correct the path: letters' case counts here.",
    ),
    when(
        r"([\w./@-]+\.[cm]?tsx?)[:(](\d+)[,:]\d+\)?:? -? ?error TS\d+",
        "TypeScript found an error in {0}, line {1}.",
        "Correct it, or build without type checking.",
    ),
    when(
        r"File \"([^\"]+)\", line (\d+)$",
        "Python stopped with an error in {0}, line {1}.",
        "The last lines say what is wrong.",
    ),
    when(
        r"SyntaxError|Parse error|Unexpected token|Expected .* but found|PARSE_ERROR|RollupError|Transform failed",
        "A file cannot be read as what it should be.",
        "The lines say which file, and where in it.",
    ),
    when(
        r"django\.core\.exceptions\.ImproperlyConfigured|The (\w+) setting must not be empty",
        "Django's settings lack something.",
        "Give what is missing as a secret of the project, or a default for builds in the settings.",
    ),
    when(
        r"(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|Could not resolve host|Connection refused"
        r"|Temporary failure in name resolution|Failed to establish a new connection|Network is unreachable)",
        "Something on the network could not be reached.",
        "Builds reach what is public, and what an administrator allows. Try again if it was away for a while.",
    ),
    when(
        r"EADDRINUSE|Address already in use",
        "A port is taken already.",
        "End in the build what you start there, or listen on another port.",
    ),
    when(
        r"EACCES|Permission denied|EROFS|Read-only file system",
        "Something may not be written, or not be run.",
        "Write below the project's folder only. A script needs `chmod +x`, committed, or `sh script`.",
    ),
    *absences(),
    when(
        r"(?:^|: )(\S+): (?:command )?not found|sh: \d+: (\S+): not found"
        r"|exec: \"?(\S+?)\"?: executable file not found",
        "There is no program “{0}”.",
        "Install it in `install`, call it by its path (node_modules/.bin, .venv/bin), or use an image that has it.",
    ),
    when(
        r"No such file or directory:? ?'?([^']*)|ENOENT.*'([^']+)'|can't open file '([^']+)'",
        "A file is not there: {0}",
        "Is it committed? What .gitignore names is not, and letters' case counts.",
    ),
    when(
        r"EOFError: EOF when reading a line|Inappropriate ioctl|not a TTY|stdin is not a (?:tty|terminal)",
        "It asks for input, and nobody is there to answer.",
        "Give it the option that makes it ask nothing, such as `--yes`.",
    ),
    when(r"^(?:FAIL|FAILED)\b|\d+ (?:tests? )?failed|Tests:.*failed", TESTS_FAILED, "The lines name them."),
    Cause(
        None,
        "It was killed, most likely since the memory of the sandbox was used up.",
        "Ask for more with `resources: {memory: 2g}` in firefly.yml, or build with fewer workers.",
        (137, -9),
    ),
    Cause(None, "The program was not found.", "Install it in `install`, or call it by its path.", (127,)),
    Cause(None, "The program may not be run.", "A script needs `chmod +x`, committed.", (126,)),
    Cause(None, "The program crashed.", "Try another version of it.", (139, -11, 134, -6)),
    Cause(None, "It ended itself, or was asked to.", "", (143, -15, 130, -2)),
)


def explain(
    step: str,
    *,
    command: str = "",
    exit_code: int | None = None,
    lines: Sequence[str] = (),
    ended: str = "",
    oom_kills: int = 0,
) -> Failure:
    """The failure of a command.

    Parameters
    ----------
    lines: what it printed last, without colours
    ended: why the sandbox itself ended, where it did
    oom_kills: how many processes were ended meanwhile because the memory was used up
    """
    printed = [line.rstrip()[:LONGEST_LINE] for line in lines if line.strip()]
    cause, remedy, at = _find(printed, exit_code, ended, oom_kills)
    failed = _failed_tests(printed) if cause == TESTS_FAILED else []
    return Failure(step, cause, remedy, command, exit_code, tuple(failed or _around(printed, at)))


def _find(lines: Sequence[str], exit_code: int | None, ended: str, oom_kills: int) -> tuple[str, str, int | None]:
    """Cause, remedy, and the line that tells."""
    if "bridge was killed" in ended:
        return FROM_INSIDE, "Let it end nothing but what it started, or ask for more memory in firefly.yml.", None
    if ended:
        return ended, _remedy_of_end(ended), None
    if oom_kills:
        remedy = "Ask for more with `resources: {memory: 2g}` in firefly.yml, or build with fewer workers."
        return "The memory of the sandbox was used up, so the largest process was ended.", remedy, None
    for cause in CAUSES:
        if cause.pattern is None:
            if exit_code in cause.codes:
                return cause.cause, cause.remedy, None
            continue
        numbers = range(len(lines))
        for number in numbers if cause.first else reversed(numbers):
            if found := cause.found_in(lines[number]):
                return *found, number
    return (f"It ended with exit status {exit_code}." if exit_code is not None else "It failed."), "", None


def _remedy_of_end(ended: str) -> str:
    if "workspace" in ended:
        return "Ask for more with `resources: {disk: …}` in firefly.yml, or install and build less."
    return "Try again; if it ends so each time, ask an administrator."


def _failed_tests(lines: Sequence[str]) -> Sequence[str]:
    """The first that are named, and what was printed last, which mostly counts them."""
    named = [line for line in lines if _FAILED_TEST.match(line) and line != lines[-1]]
    return [*named[: MOST_LINES - 1], lines[-1]] if named else []


def _around(lines: Sequence[str], at: int | None) -> Sequence[str]:
    """The lines that matter: around the one that tells, else the last ones."""
    if at is None:
        return lines[-MOST_LINES:]
    begin = max(0, at - _BEFORE)
    near = lines[begin : at + _AFTER + 1]
    return [*near, *lines[at + _AFTER + 1 :][-(MOST_LINES - len(near)) :]] if len(near) < MOST_LINES else near
