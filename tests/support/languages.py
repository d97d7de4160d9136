"""Real projects in compiled and other languages, of nothing but what Debian's packages bring: no registry is asked."""

from tests.support.kinds import Kind

GO = {
    "go.mod": "module garden\n\ngo 1.19\n",
    "main.go": """package main

import (
	_ "embed"
	"fmt"
	"net/http"
	"os"

	"garden/count"
)

//go:embed greeting.txt
var greeting string

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, greeting, count.Doubled(21)) })
	if err := http.ListenAndServe(os.Getenv("HOST")+":"+os.Getenv("PORT"), nil); err != nil {
		panic(err)
	}
}
""",
    "count/count.go": "package count\n\nfunc Doubled(n int) int { return n * 2 }\n",
    "greeting.txt": "Go counts ",
}
RUST = {
    "Cargo.toml": '[package]\nname = "garden"\nversion = "0.1.0"\nedition = "2021"\n',
    "Cargo.lock": 'version = 3\n\n[[package]]\nname = "garden"\nversion = "0.1.0"\n',
    "src/count.rs": "pub fn doubled(n: i32) -> i32 {\n    n * 2\n}\n",
    "src/main.rs": """mod count;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

fn main() -> std::io::Result<()> {
    let address = format!("{}:{}", std::env::var("HOST").unwrap(), std::env::var("PORT").unwrap());
    for stream in TcpListener::bind(address)?.incoming() {
        let mut stream = stream?;
        let heads = BufReader::new(stream.try_clone()?).lines();
        heads.map_while(Result::ok).take_while(|line| !line.is_empty()).for_each(drop);
        let said = format!("Rust counts {}", count::doubled(21));
        let head = format!("HTTP/1.1 200 OK\\r\\nContent-Length: {}\\r\\nConnection: close\\r\\n\\r\\n", said.len());
        let _ = write!(stream, "{head}{said}");
    }
    Ok(())
}
""",
}
MAIN = """import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;

public class Main {
    public static void main(String[] arguments) throws Exception {
        var address = new InetSocketAddress(System.getenv("HOST"), Integer.parseInt(System.getenv("PORT")));
        var server = HttpServer.create(address, 0);
        server.createContext("/", exchange -> {
            long gigabytes = Runtime.getRuntime().maxMemory() >> 30;
            byte[] said = ("Java counts " + Count.doubled(21) + " in " + gigabytes + " GiB").getBytes();
            exchange.sendResponseHeaders(200, said.length);
            exchange.getResponseBody().write(said);
            exchange.close();
        });
        server.start();
    }
}
"""
COUNT = "class Count {\n    static int doubled(int n) {\n        return n * 2;\n    }\n}\n"
JAVA = {
    "src/Main.java": MAIN,
    "src/Count.java": COUNT,
    "firefly.yml": "image: java\nbuild:\n  - javac -d out src/*.java\n"
    "  - jar --create --file app.jar --main-class Main -C out .\n"
    "run: [java -jar app.jar]\n",
}
GRADLE = {
    "build.gradle": "apply plugin: 'java'\njar { manifest { attributes 'Main-Class': 'Main' } }\n",
    "src/main/java/Main.java": MAIN,
    "src/main/java/Count.java": COUNT,
}
PHP = {
    "composer.json": '{"require": {"php": ">=8.1", "ext-mbstring": "*"}, "autoload": {"psr-4": {"Garden\\\\": "src/"}},'
    ' "repositories": [{"packagist.org": false}]}',
    "public/index.php": "<?php\nrequire __DIR__ . '/../vendor/autoload.php';\n"
    "echo mb_strtoupper('php'), ' counts ', Garden\\Count::doubled(21), ' at ', $_SERVER['REQUEST_URI'];\n",
    "src/Count.php": "<?php\nnamespace Garden;\n\nclass Count\n{\n"
    "    public static function doubled(int $n): int\n    {\n        return $n * 2;\n    }\n}\n",
}
# Debian's own gems, which are those of the system: Bundler looks there where it is told no folder, and wants to write.
GEMS = 'install: ["env -u BUNDLE_PATH GEM_HOME=$PWD/vendor/gems bundle install --local"]\n'
PUMA = 'run: ["env -u BUNDLE_PATH bundle exec puma -b tcp://$HOST:$PORT"]\n'
RUBY = {
    "Gemfile": 'source "https://rubygems.org"\ngem "puma"\n',
    "config.ru": "require_relative 'count'\n"
    "run ->(env) { [200, {'content-type' => 'text/plain'}, [\"Ruby counts #{doubled(21)}\"]] }\n",
    "count.rb": "def doubled(n) = n * 2\n",
    "firefly.yml": GEMS + PUMA,
}
LANGUAGES = (
    Kind("go", "Go", GO, "Go counts 42", log=("go build", "is there: the project asks for 1.19")),
    Kind("rust", "Rust", RUST, "Rust counts 42", log=("cargo build --release --locked",)),
    # What it may use of memory is half a sandbox's, whatever the machine has.
    Kind("java", "Java", JAVA, "Java counts 42 in 0 GiB", log=("javac",)),
    Kind("php", "PHP", PHP, "PHP counts 42 at /some/where", path="/some/where", log=("composer install",)),
    Kind("ruby", "Rack", RUBY, "Ruby counts 42", log=("bundle install",)),
)
# Of a language, a project that cannot be built, and what is said of it.
MISSING = {
    "go": ({**GO, "count/count.go": 'package count\n\nimport _ "example.com/gone/lib"\n'}, "example.com/gone/lib"),
    "rust": ({**RUST, "src/count.rs": "use serde::Serialize;\n"}, "Rust does not find “serde”."),
    "java": ({**JAVA, "src/Count.java": f"import com.example.gone.Lib;\n{COUNT}"}, "the package com.example.gone."),
    "php": ({**PHP, "composer.json": PHP["composer.json"].replace("mbstring", "gone")}, "extension ext-gone"),
    "ruby": ({**RUBY, "Gemfile": 'source "https://rubygems.org"\ngem "gone"\n'}, "Ruby does not find “gone”."),
}
WRONG = {
    "go": (
        {**GO, "count/count.go": "package count\n\nfunc Doubled(n int) int { return n * two }\n"},
        "count/count.go, line 3",
    ),
    "rust": ({**RUST, "src/count.rs": "pub fn doubled(n: i32) -> i32 {\n    n * two\n}\n"}, "src/count.rs, line 2"),
    "java": ({**JAVA, "src/Count.java": COUNT.replace("* 2", "* two")}, "src/Count.java, line 3"),
    "php": (
        {**PHP, "firefly.yml": "build: [php -l src/Count.php]\n", "src/Count.php": "<?php\nclass {\n"},
        "src/Count.php, line 2",
    ),
    "ruby": (
        {
            **RUBY,
            "firefly.yml": f"{GEMS}{PUMA}build: [ruby -c count.rb]\n",
            "count.rb": "def doubled(n)\n  n * )\nend\n",
        },
        "count.rb, line 2",
    ),
}
