"""Likely causes of failures of compilers, interpreters and package managers: Go, Rust, Java, PHP, Ruby."""

from .causes import Cause, when

_OLDER = "Ask for a version that the sandbox has, or ask an administrator for a newer one."
_CORRECT = "Correct it; the line says what is wrong."

OF_LANGUAGES: tuple[Cause, ...] = (
    # Versions: what else fails then mostly fails because of them.
    when(
        r"invalid go version '([\w.]+)'|module requires Go ([\w.]+)|go\.mod requires go >= ([\w.]+)",
        "The module asks for Go {0}, and the sandbox has an older one.",
        f"Name an older one in go.mod, as in `go 1.19`. {_OLDER}",
    ),
    when(
        r"requires rustc ([\w.]+) or newer|older than the `(\d+)` edition|lock file version `(\d+)` was found",
        "The sandbox's Rust is too old for this project, which asks for {0}.",
        f"Lower `rust-version` or `edition`, or lock with an older Cargo. {_OLDER}",
    ),
    when(
        r"release version (\d+) not supported|invalid (?:target|source) release: (\d+)"
        r"|UnsupportedClassVersionError: (\S+)",
        "The project is for a newer Java than the sandbox has: {0}.",
        f"Lower the release that is asked for. {_OLDER}",
    ),
    when(
        r"requires php (\S+) but your php version|Composer dependencies require a PHP version \"(.+?)\"",
        "The project asks for PHP {0}, and the sandbox has another.",
        f"Change `require.php` in composer.json. {_OLDER}",
    ),
    when(
        r"Your Ruby version is ([\d.]+), but your Gemfile specified (.+)",
        "The Gemfile asks for Ruby {1}, and the sandbox has {0}.",
        f"Change `ruby` in the Gemfile. {_OLDER}",
    ),
    # Dependencies.
    when(
        r"requires PHP extension (\S+) .*missing from your system",
        "PHP's extension {0} is not in the sandbox.",
        "Do without it, or ask an administrator for it.",
    ),
    when(
        r"no required module provides package ([^\s;:]+)|cannot find module providing package ([^\s;:]+)"
        r"|package (\S+) is not in (?:GOROOT|std)|missing go\.sum entry for module providing package (\S+)"
        r"|: ([^\s:]+): missing go\.sum entry",
        "Go does not find the package {0}.",
        "Run `go mod tidy`, and commit go.mod and go.sum.",
    ),
    when(
        r"no matching package named `(.+?)` found|unresolved import `(.+?)`|can't find crate for `(.+?)`"
        r"|use of undeclared (?:crate or module|type) `(.+?)`",
        "Rust does not find “{0}”.",
        "Add its crate to `dependencies` in Cargo.toml, and commit Cargo.lock.",
    ),
    when(
        r"lock file \S+ needs to be updated but --locked",
        "Cargo.toml and Cargo.lock do not fit each other.",
        "Run `cargo build`, and commit both files.",
    ),
    when(
        r"error: package (\S+) does not exist|package (\S+) does not exist$",
        "Java does not find the package {0}.",
        "Add what brings it to the dependencies.",
    ),
    when(
        r"Could not (?:find artifact|resolve dependencies for project) (\S+)|Could not find ((?:[\w.-]+:){2}[\w.-]+)\."
        r"|Plugin (\S+) or one of its dependencies could not be resolved",
        "Maven or Gradle does not get {0}.",
        "Correct its name or version; repositories that are not public are not reached.",
    ),
    when(
        r"no main manifest attribute, in (\S+)",
        "{0} does not say which class is to be started.",
        "Name it as Main-Class in the manifest of the archive.",
    ),
    when(
        r"Root composer\.json requires (\S+?),? .*(?:could not be found in any version|satisfiable by)",
        "Composer does not find {0}.",
        "Correct its name or version in composer.json.",
    ),
    when(
        r"Could not find gem '(.+?)'|cannot load such file -- (\S+)",
        "Ruby does not find “{0}”.",
        "Add its gem to the Gemfile, run `bundle install`, and commit Gemfile.lock.",
    ),
    when(
        r"Uncaught Error: Class \"(.+?)\" not found|Failed opening required '(.+?)'",
        "PHP does not find {0}.",
        "Add its package to composer.json, or correct the name: letters' case counts.",
    ),
    # What somebody wrote.
    when(r"^(?:vet: )?(?:\./)?([\w./-]+\.go):(\d+):\d+: ", "Go found an error in {0}, line {1}.", _CORRECT, first=True),
    when(r"^\s*--> (\S+\.rs):(\d+):\d+", "Rust found an error in {0}, line {1}.", _CORRECT),
    when(
        r"([\w./-]+\.(?:java|kt)):(\d+): error: |([\w./-]+\.(?:java|kt)):\[(\d+),\d+\]",
        "Java found an error in {0}, line {1}.",
        _CORRECT,
        first=True,
    ),
    when(
        r"PHP (?:Parse|Fatal|Compile) error: .* in (\S+?\.php)(?::| on line )(\d+)",
        "PHP stopped with an error in {0}, line {1}.",
        _CORRECT,
    ),
    when(r"^(\S+\.r[bu]):(\d+): .*error", "Ruby found an error in {0}, line {1}.", _CORRECT),
)
