import { StreamLanguage, type LanguageSupport } from "@codemirror/language";
import type { Extension } from "@codemirror/state";

type Load = () => Promise<Extension>;

const javascript = (options: { jsx?: boolean; typescript?: boolean }): Load => async () =>
  (await import("@codemirror/lang-javascript")).javascript(options);

const legacy = <Name extends string>(load: () => Promise<Record<Name, Parameters<typeof StreamLanguage.define>[0]>>, name: Name): Load => async () =>
  StreamLanguage.define((await load())[name]);

const markdown: Load = async () => {
  const [{ markdown, markdownLanguage }, { languageDescriptions }] = await Promise.all([
    import("@codemirror/lang-markdown"),
    import("./fenced"),
  ]);
  return markdown({ base: markdownLanguage, codeLanguages: languageDescriptions });
};

const sass = (indented: boolean): Load => async () => (await import("@codemirror/lang-sass")).sass({ indented });
const shell = legacy(() => import("@codemirror/legacy-modes/mode/shell"), "shell");
const toml = legacy(() => import("@codemirror/legacy-modes/mode/toml"), "toml");
const properties = legacy(() => import("@codemirror/legacy-modes/mode/properties"), "properties");
const docker = legacy(() => import("@codemirror/legacy-modes/mode/dockerfile"), "dockerFile");
const support = (load: () => Promise<LanguageSupport>): Load => load;
const yaml = support(async () => (await import("@codemirror/lang-yaml")).yaml());
const json = support(async () => (await import("@codemirror/lang-json")).json());
const cpp = support(async () => (await import("@codemirror/lang-cpp")).cpp());
const xml = support(async () => (await import("@codemirror/lang-xml")).xml());
const python = support(async () => (await import("@codemirror/lang-python")).python());

const byEnd: Readonly<Record<string, Load>> = {
  js: javascript({ jsx: true }),
  mjs: javascript({ jsx: true }),
  cjs: javascript({ jsx: true }),
  jsx: javascript({ jsx: true }),
  ts: javascript({ typescript: true }),
  mts: javascript({ typescript: true }),
  tsx: javascript({ jsx: true, typescript: true }),
  html: support(async () => (await import("@codemirror/lang-html")).html()),
  css: support(async () => (await import("@codemirror/lang-css")).css()),
  scss: sass(false),
  sass: sass(true),
  json,
  webmanifest: json,
  py: python,
  md: markdown,
  markdown,
  yml: yaml,
  yaml,
  rs: support(async () => (await import("@codemirror/lang-rust")).rust()),
  go: support(async () => (await import("@codemirror/lang-go")).go()),
  php: support(async () => (await import("@codemirror/lang-php")).php()),
  java: support(async () => (await import("@codemirror/lang-java")).java()),
  c: cpp,
  h: cpp,
  cc: cpp,
  cpp,
  hpp: cpp,
  sql: support(async () => (await import("@codemirror/lang-sql")).sql()),
  xml,
  svg: xml,
  vue: support(async () => (await import("@codemirror/lang-vue")).vue()),
  sh: shell,
  bash: shell,
  zsh: shell,
  toml,
  ini: properties,
  cfg: properties,
  conf: properties,
  env: properties,
  rb: legacy(() => import("@codemirror/legacy-modes/mode/ruby"), "ruby"),
  lua: legacy(() => import("@codemirror/legacy-modes/mode/lua"), "lua"),
  diff: legacy(() => import("@codemirror/legacy-modes/mode/diff"), "diff"),
  patch: legacy(() => import("@codemirror/legacy-modes/mode/diff"), "diff"),
  dockerfile: docker,
};

const byName: Readonly<Record<string, Load>> = {
  dockerfile: docker,
  gemfile: byEnd.rb ?? shell,
  procfile: yaml,
  ".gitignore": properties,
  ".dockerignore": properties,
  ".env": properties,
  ".npmrc": properties,
  ".editorconfig": properties,
  ".bashrc": shell,
  ".profile": shell,
};

/** How to load the language of a file, by its name; null for plain text. */
export function languageOf(path: string): Load | null {
  const name = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  const end = name.slice(name.lastIndexOf(".") + 1);
  return byName[name] ?? (name.includes(".") ? (byEnd[end] ?? null) : null);
}
