"""What is said of failed builds: of the words of real tools."""

import re

import pytest

from firefly.builds.making.failures import MOST_LINES, explain

SAID = [
    (1, "npm error\nnpm error The `npm ci` command can only install with an existing package-lock.json or", "lock"),
    (1, 'npm error Missing script: "bild"\nnpm error\nnpm error To see a list of scripts, run:', "no script “bild”"),
    (1, "npm error code ERESOLVE\nnpm error ERESOLVE unable to resolve dependency tree", "do not fit"),
    (1, "npm error code ETARGET\nnpm error notarget No matching version found for vite@99.", "does not exist"),
    (1, "ERROR: Could not find a version that satisfies the requirement flasky==9 (from none)", "“flasky==9”"),
    (1, "ERROR: ResolutionImpossible: for help visit https://pip.pypa.io", "contradict"),
    (1, "  ERROR: Failed building wheel for lxml\nFailed to build lxml", "could not be compiled"),
    (2, "src/main.ts(12,5): error TS2322: Type 'string' is not assignable to type 'number'.", "src/main.ts, line 12"),
    (1, '[vite]: Rollup failed to resolve import "./gone" from "/workspace/main.js".', "“./gone”"),
    (1, "x Build failed\nerror during build:\nCould not resolve \"./gone.js\" from \"src/main.js\"", "“./gone.js”"),
    (1, "    key = os.environ['STRIPE_KEY']\nKeyError: 'STRIPE_KEY'", "variable STRIPE_KEY is not set"),
    (1, "Error: STRIPE_KEY is required", "STRIPE_KEY is not set"),
    (1, "Missing required environment variable: DATABASE_URL", "DATABASE_URL is not set"),
    (1, "Error: Cannot find module 'express'\nRequire stack:\n- /workspace/server.js", "“express”"),
    (1, "ModuleNotFoundError: No module named 'flask'", "“flask”"),
    (1, '  File "/workspace/app.py", line 3\n    x = = 1\n        ^\nSyntaxError: invalid syntax', "line 3"),
    (127, "bash: line 1: hugo: command not found", "“hugo”"),
    (127, "/bin/sh: 1: hugo: not found", "“hugo”"),
    (127, "[FATAL tini (7)] exec /bin/sh failed: No such file or directory", "has no shell"),
    (137, "Compiling…\nKilled", "memory"),
    (-9, "", "killed"),
    (134, "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory", "memory"),
    (1, "OSError: [Errno 28] No space left on device", "disk"),
    (1, "bash: fork: retry: Resource temporarily unavailable", "more processes"),
    (1, "Error: listen EADDRINUSE: address already in use 127.0.0.1:3000", "port"),
    (126, "bash: line 1: ./build.sh: Permission denied", "may not be"),
    (1, "npm error network request failed, reason: connect ECONNREFUSED 10.0.0.1:443", "network"),
    (1, "fatal: unable to access 'https://git.example/': Could not resolve host: git.example", "network"),
    (1, "EOFError: EOF when reading a line", "asks for input"),
    (1, "FAILED tests/test_app.py::test_one - assert 1 == 2\n1 failed, 3 passed in 0.1s", "Tests failed"),
    (1, "django.core.exceptions.ImproperlyConfigured: The SECRET_KEY setting must not be empty.", "settings lack"),
    (1, "main.go:2:8: no required module provides package example.com/lib; to add it:\n\tgo get …", "example.com/lib."),
    (1, "main.go:2:8: package x/inner is not in GOROOT (/usr/lib/go-1.19/src/x/inner)", "package x/inner"),
    (1, "go.mod:4:2: example.com/y@v1.0.0: missing go.sum entry; to add it:", "example.com/y@v1.0.0"),
    (1, "# x\n./main.go:3:26: undefined: undefinedThing", "error in main.go, line 3"),
    (1, "main.go:2:8: package slices is not in GOROOT\nnote: module requires Go 1.23", "Go 1.23, and"),
    (101, " --> src/main.rs:1:5\nerror[E0432]: unresolved import `serde`\n --> src/main.rs:1:5", "“serde”"),
    (101, "error[E0308]: mismatched types\n --> src/main.rs:2:25\nerror: could not compile `x`", "src/main.rs, line 2"),
    (101, "error: package `x` cannot be built because it requires rustc 1.80 or newer, while", "asks for 1.80"),
    (101, "  lock file version `4` was found, but this version of Cargo does not understand", "too old"),
    (1, "A.java:1: error: package com.gone does not exist\nimport com.gone.Lib;", "package com.gone."),
    (1, "B.java:1: error: ';' expected\nclass B { void f() { int x = 1 } }\n1 error", "B.java, line 1"),
    (1, "B.java:2: error: cannot find symbol\nA.java:9: error: cannot find symbol", "B.java, line 2"),
    (1, "[ERROR] /workspace/src/main/java/A.java:[3,5] cannot find symbol", "src/main/java/A.java, line 3"),
    (1, "error: release version 21 not supported\nUsage: javac <options>", "newer Java than the sandbox has: 21"),
    (1, "[ERROR] Plugin org.x:a:2.6 or one of its dependencies could not be resolved: C", "does not get org.x:a:2.6"),
    (255, "PHP Parse error:  syntax error, unexpected token \"{\" in a.php on line 2", "a.php, line 2"),
    (255, "PHP Fatal error:  Uncaught Error: Class \"Gone\\Lib\" not found in b.php:2", "find Gone\\Lib"),
    (2, "    - Root composer.json requires php >=8.9 but your php version (8.2.36) does not satisfy", "PHP >=8.9"),
    (2, "  - Root composer.json requires a/b, it could not be found in any version, there may be", "find a/b"),
    (1, "<internal:…>:85:in `require': cannot load such file -- gone (LoadError)", "“gone”"),
    (1, "a.rb:2: syntax error, unexpected integer literal, expecting ')'", "a.rb, line 2"),
    (7, "Could not find gem 'puma (= 99)' in cached gems or installed locally.", "“puma (= 99)”"),
    (18, "Your Ruby version is 3.1.2, but your Gemfile specified 3.3.0", "asks for Ruby 3.3.0"),
    (127, "bash: line 1: composer: command not found", "no “composer”"),
    (127, "/bin/sh: 1: mvn: not found", "no “mvn”"),
    (7, "whatever", "exit status 7"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "printed", "expected"), SAID)
def test_the_cause_is_found_in_what_tools_say(code: int, printed: str, expected: str) -> None:
    failure = explain("build", command="make", exit_code=code, lines=printed.splitlines())
    assert expected in failure.cause
    assert not re.search(r"\{\d", failure.cause + failure.remedy)


def test_the_lines_that_matter_are_few_and_hold_the_one_that_tells() -> None:
    lines = [*(f"before {n}" for n in range(50)), "Error: Cannot find module 'x'", *(f"after {n}" for n in range(30))]
    failure = explain("build", exit_code=1, lines=lines)
    assert 3 <= len(failure.lines) <= MOST_LINES
    assert failure.lines[:3] == ("before 49", "Error: Cannot find module 'x'", "after 0")
    assert failure.lines[-1] == "after 29"
    assert explain("build", exit_code=1, lines=["x" * 10_000]).lines == ("x" * 500,)


def test_of_tests_those_that_failed_are_named() -> None:
    names = ["FAIL: test_red (test_stars.Stars)", "FAIL: test_near (test_stars.Stars)"]
    noise = ["Traceback (most recent call last):", "AssertionError: 25 not less than 20", "-" * 40]
    printed = ["test_bright ... ok", names[0], *noise, names[1], *noise, "Ran 3 tests in 0.1s", "FAILED (failures=2)"]
    assert explain("test", exit_code=1, lines=printed).lines == (*names, "FAILED (failures=2)")
    many = [f"--- FAIL: Test{n} (0.00s)" for n in range(50)]
    assert explain("test", exit_code=1, lines=[*many, "FAIL"]).lines == (*many[: MOST_LINES - 1], "FAIL")


def test_an_end_of_the_sandbox_counts_more_than_what_was_printed() -> None:
    ended = explain("build", lines=["npm error Missing script: x"], ended="The workspace takes up more than 5 GiB.")
    assert ended.cause == "The workspace takes up more than 5 GiB."
    assert "disk" in ended.remedy
    assert "memory" in explain("build", exit_code=1, lines=["bash: x: command not found"], oom_kills=1).cause
