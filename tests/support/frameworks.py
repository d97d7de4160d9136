"""Real projects of frameworks and builders, of nothing but what Debian's packages bring."""

from tests.support.kinds import Kind
from tests.support.languages import COUNT, GEMS, GRADLE, MAIN

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
    ".mvn/maven.config": "--settings\n.mvn/settings.xml\n-Dmaven.repo.local=.m2-cache\n",
    ".mvn/settings.xml": SETTINGS,
    "src/main/java/Main.java": MAIN,
    "src/main/java/Count.java": COUNT,
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
PROVIDER = """<?php
namespace App\\Providers;

use Illuminate\\Support\\Facades\\DB;
use Illuminate\\Support\\Facades\\Route;

class AppServiceProvider extends \\Illuminate\\Support\\ServiceProvider
{
    public function boot()
    {
        Route::get('/', function () {
            DB::table('notes')->insert(['text' => 'hello']);
            return view('garden', ['notes' => DB::table('notes')->count(), 'driver' => DB::getDriverName()]);
        });
    }
}
"""
CONFIGURATION = """<?php
$names = ['Bus', 'Cache', 'Database', 'Encryption', 'Filesystem', 'Queue', 'View'];
return [
    'env' => env('APP_ENV'), 'key' => env('APP_KEY'), 'cipher' => 'AES-256-CBC', 'locale' => 'en', 'timezone' => 'UTC',
    'providers' => [
        ...array_map(fn ($name) => "Illuminate\\\\$name\\\\{$name}ServiceProvider", $names),
        Illuminate\\Foundation\\Providers\\FoundationServiceProvider::class,
        Illuminate\\Foundation\\Providers\\ConsoleSupportServiceProvider::class,
        App\\Providers\\AppServiceProvider::class,
    ],
];
"""
MIGRATION = """<?php
use Illuminate\\Database\\Schema\\Blueprint;
use Illuminate\\Support\\Facades\\Schema;

return new class extends \\Illuminate\\Database\\Migrations\\Migration {
    public function up()
    {
        Schema::create('notes', fn (Blueprint $table) => [$table->id(), $table->string('text')]);
    }
};
"""
KERNELS = """<?php
require '/usr/share/php/Illuminate/autoload.php';
require __DIR__ . '/../vendor/autoload.php';
$app = new Illuminate\\Foundation\\Application(dirname(__DIR__));
$app->singleton(Illuminate\\Contracts\\Http\\Kernel::class, Illuminate\\Foundation\\Http\\Kernel::class);
$app->singleton(Illuminate\\Contracts\\Console\\Kernel::class, Illuminate\\Foundation\\Console\\Kernel::class);
$app->singleton(
    Illuminate\\Contracts\\Debug\\ExceptionHandler::class, Illuminate\\Foundation\\Exceptions\\Handler::class
);
return $app;
"""
CONNECTIONS = """<?php
return [
    'default' => env('DB_CONNECTION', 'mysql'), 'migrations' => 'migrations',
    'connections' => [
        'mysql' => ['driver' => 'mysql', 'url' => env('DB_URL'), 'charset' => 'utf8mb4'],
        'pgsql' => ['driver' => 'pgsql', 'url' => env('DB_URL'), 'charset' => 'utf8'],
    ],
];
"""
LARAVEL = {
    "composer.json": '{"require": {"laravel/framework": "*"}, "replace": {"laravel/framework": "8.83"},'
    ' "autoload": {"psr-4": {"App\\\\": "app/"}}, "repositories": [{"packagist.org": false}]}',
    "app/Providers/AppServiceProvider.php": PROVIDER,
    ".env.example": "DB_CONNECTION=mysql\n",
    "artisan": "<?php\n$kernel = (require __DIR__ . '/bootstrap/app.php')"
    "->make(Illuminate\\Contracts\\Console\\Kernel::class);\n"
    "exit($kernel->handle(new Symfony\\Component\\Console\\Input\\ArgvInput(),"
    " new Symfony\\Component\\Console\\Output\\ConsoleOutput()));\n",
    "bootstrap/app.php": KERNELS,
    "bootstrap/cache/.gitignore": "*.php\n",
    "config/app.php": CONFIGURATION,
    "config/database.php": CONNECTIONS,
    "config/view.php": "<?php\nreturn ['paths' => [resource_path('views')], 'compiled' => storage_path('views')];\n",
    "database/migrations/2026_01_01_000000_create_notes.php": MIGRATION,
    "public/index.php": "<?php\n$kernel = (require __DIR__ . '/../bootstrap/app.php')"
    "->make(Illuminate\\Contracts\\Http\\Kernel::class);\n"
    "$kernel->handle(Illuminate\\Http\\Request::capture())->send();\n",
    "resources/views/garden.blade.php": "{{ app()->environment() }} keeps notes in {{ $driver }}: {{ $notes }}\n",
    "storage/views/.gitignore": "*.php\n",
    "storage/logs/.gitignore": "*.log\n",
}
BY_RAILS = (
    'run: ["env -u BUNDLE_PATH bundle exec rails db:prepare", '
    '"env -u BUNDLE_PATH bundle exec rails server -b $HOST -p $PORT -P /tmp/rails.pid"]\n'
)
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
JEKYLL = {
    "Gemfile": 'source "https://rubygems.org"\ngem "jekyll"\n',
    "_config.yml": "title: Garden\n",
    "_layouts/page.html": "<title>{{ site.title }}</title>{{ content }}\n",
    "index.md": "---\nlayout: page\n---\n# Jekyll counts {{ 6 | times: 7 }}\n",
    "firefly.yml": f'{GEMS}build: ["env -u BUNDLE_PATH bundle exec jekyll build"]\n',
}
# What is too large for an image, by language.
LARGE = {
    "java": (
        Kind("gradle", "Java", GRADLE, "Java counts 42", log=("gradle --no-daemon", ".gradle-cache")),
        Kind("maven", "Java", MAVEN, "Java counts 42", log=("mvn --batch-mode", ".m2-cache")),
    ),
    "php": (
        Kind("symfony", "Symfony", SYMFONY, "Symfony counts 42 in prod", "/garden", ("assets:install public",)),
        Kind("laravel", "Laravel", LARAVEL, "production keeps notes in pgsql", log=("artisan view:cache",)),
    ),
    "ruby": (
        Kind("rails", "Rails", RAILS, "PostgreSQL keeps", log=("bundle install",)),
        Kind("jekyll", "Jekyll", JEKYLL, '<title>Garden</title><h1 id="jekyll-counts-42">', log=("bundle install",)),
    ),
}
