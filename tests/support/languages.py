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
# Of what Debian packs for Maven there is a repository on the disk.
POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>garden</groupId>
  <artifactId>garden</artifactId>
  <version>1</version>
  <properties>
    <maven.compiler.source>17</maven.compiler.source>
    <maven.compiler.target>17</maven.compiler.target>
    <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>
  </properties>
  <build>
    <plugins>
      <plugin>
        <artifactId>maven-jar-plugin</artifactId>
        <configuration><archive><manifest><mainClass>Main</mainClass></manifest></archive></configuration>
      </plugin>
    </plugins>
  </build>
</project>
"""
_REPOSITORY = "<id>central</id><url>file:///usr/share/maven-repo</url><releases><checksumPolicy>ignore</checksumPolicy></releases>"
SETTINGS = f"""<settings>
  <profiles>
    <profile>
      <id>debian</id>
      <repositories><repository>{_REPOSITORY}</repository></repositories>
      <pluginRepositories><pluginRepository>{_REPOSITORY}</pluginRepository></pluginRepositories>
    </profile>
  </profiles>
  <activeProfiles><activeProfile>debian</activeProfile></activeProfiles>
</settings>
"""
MAVEN = {
    "pom.xml": POM,
    ".mvn/maven.config": "--settings\n.mvn/settings.xml\n",
    ".mvn/settings.xml": SETTINGS,
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
# What Debian brings of Symfony stands for the package, and is loaded beside what Composer knows.
BOOTSTRAP = """<?php
foreach (['Bundle/FrameworkBundle', 'Component/Console', 'Component/Dotenv'] as $part) {
    require "/usr/share/php/Symfony/$part/autoload.php";
}
require __DIR__ . '/vendor/autoload.php';
(new Symfony\\Component\\Dotenv\\Dotenv())->bootEnv(__DIR__ . '/.env');
return new App\\Kernel($_SERVER['APP_ENV'], (bool) $_SERVER['APP_DEBUG']);
"""
KERNEL = """<?php
namespace App;

use Symfony\\Bundle\\FrameworkBundle\\FrameworkBundle;
use Symfony\\Bundle\\FrameworkBundle\\Kernel\\MicroKernelTrait;
use Symfony\\Component\\DependencyInjection\\Loader\\Configurator\\ContainerConfigurator;
use Symfony\\Component\\HttpFoundation\\Response;
use Symfony\\Component\\Routing\\Loader\\Configurator\\RoutingConfigurator;

class Kernel extends \\Symfony\\Component\\HttpKernel\\Kernel
{
    use MicroKernelTrait;

    public function registerBundles(): iterable
    {
        return [new FrameworkBundle()];
    }

    protected function configureContainer(ContainerConfigurator $container): void
    {
        $container->extension('framework', ['secret' => 'of a test', 'http_method_override' => false]);
    }

    protected function configureRoutes(RoutingConfigurator $routes): void
    {
        $routes->add('garden', '/garden')->controller([$this, 'garden']);
    }

    public function garden(): Response
    {
        return new Response('Symfony counts ' . 6 * 7 . " in {$this->environment}");
    }
}
"""
SYMFONY = {
    "composer.json": '{"require": {"symfony/framework-bundle": "*"}, "replace": {"symfony/framework-bundle": "5.4"},'
    ' "autoload": {"psr-4": {"App\\\\": "src/"}}, "repositories": [{"packagist.org": false}]}',
    # What it would be if nothing else were said.
    ".env": "APP_ENV=dev\n",
    "bootstrap.php": BOOTSTRAP,
    "bin/console": "<?php\n$kernel = require __DIR__ . '/../bootstrap.php';\n"
    "(new Symfony\\Bundle\\FrameworkBundle\\Console\\Application($kernel))->run();\n",
    "public/index.php": "<?php\n$kernel = require __DIR__ . '/../bootstrap.php';\n"
    "$kernel->handle(Symfony\\Component\\HttpFoundation\\Request::createFromGlobals())->send();\n",
    "src/Kernel.php": KERNEL,
}
# Debian's own gems, which are those of the system: Bundler looks there where it is told no folder, and wants to write.
GEMS = 'install: ["env -u BUNDLE_PATH GEM_HOME=$PWD/vendor/gems bundle install --local"]\n'
PUMA = 'run: ["env -u BUNDLE_PATH bundle exec puma -b tcp://$HOST:$PORT"]\n'
BY_RAILS = (
    'run: ["env -u BUNDLE_PATH bundle exec rails db:prepare", '
    '"env -u BUNDLE_PATH bundle exec rails server -b $HOST -p $PORT -P /tmp/rails.pid"]\n'
)
RUBY = {
    "Gemfile": 'source "https://rubygems.org"\ngem "puma"\n',
    "config.ru": "require_relative 'count'\n"
    "run ->(env) { [200, {'content-type' => 'text/plain'}, [\"Ruby counts #{doubled(21)}\"]] }\n",
    "count.rb": "def doubled(n) = n * 2\n",
    "firefly.yml": GEMS + PUMA,
}
APPLICATION = """require_relative "boot"
require "rails"
require "active_record/railtie"
require "action_controller/railtie"
Bundler.require(*Rails.groups)

class Garden < Rails::Application
  config.load_defaults 6.1
  config.secret_key_base = "of a test"
end
"""
RAILS = {
    "Gemfile": 'source "https://rubygems.org"\ngem "rails"\ngem "pg"\ngem "puma"\n',
    "Rakefile": 'require_relative "config/application"\nRails.application.load_tasks\n',
    "bin/rails": 'APP_PATH = File.expand_path("../config/application", __dir__)\n'
    'require_relative "../config/boot"\nrequire "rails/commands"\n',
    "config.ru": 'require_relative "config/environment"\nrun Rails.application\n',
    "config/boot.rb": 'ENV["BUNDLE_GEMFILE"] ||= File.expand_path("../Gemfile", __dir__)\nrequire "bundler/setup"\n',
    "config/application.rb": APPLICATION,
    "config/environment.rb": 'require_relative "application"\nRails.application.initialize!\n',
    "config/environments/production.rb": "Rails.application.configure { config.eager_load = true }\n",
    "config/routes.rb": 'Rails.application.routes.draw { root "notes#index" }\n',
    "config/database.yml": 'production:\n  url: <%= ENV["DATABASE_URL"] %>\n',
    "db/migrate/20260101000000_create_notes.rb": "class CreateNotes < ActiveRecord::Migration[6.1]\n"
    "  def change\n    create_table(:notes) { |table| table.string :text }\n  end\nend\n",
    "app/models/note.rb": "class Note < ActiveRecord::Base\nend\n",
    "app/controllers/notes_controller.rb": "class NotesController < ActionController::Base\n  def index\n"
    '    Note.create!(text: "hello")\n'
    '    render plain: "#{Note.connection.adapter_name} keeps #{Note.count} notes"\n  end\nend\n',
    "firefly.yml": GEMS + BY_RAILS,
}
LANGUAGES = (
    Kind("go", "Go", GO, "Go counts 42", log=("go build", "is there: the project asks for 1.19")),
    Kind("rust", "Rust", RUST, "Rust counts 42", log=("cargo build --release --locked",)),
    # What it may use of memory is half a sandbox's, whatever the machine has.
    Kind("java", "Java", JAVA, "Java counts 42 in 0 GiB", log=("javac",)),
    Kind("php", "PHP", PHP, "PHP counts 42 at /some/where", path="/some/where", log=("composer install",)),
    Kind("ruby", "Rack", RUBY, "Ruby counts 42", log=("bundle install",)),
)
# What is too large for an image, by language.
LARGE = {
    "java": (
        Kind("gradle", "Java", GRADLE, "Java counts 42", log=("gradle --no-daemon", ".gradle-cache")),
        Kind("maven", "Java", MAVEN, "Java counts 42", log=("mvn --batch-mode", ".m2-cache")),
    ),
    "php": (Kind("symfony", "Symfony", SYMFONY, "Symfony counts 42 in prod", "/garden", ("assets:install public",)),),
    "ruby": (Kind("rails", "Rails", RAILS, "PostgreSQL keeps", log=("bundle install",)),),
}
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
