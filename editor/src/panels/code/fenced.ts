import { LanguageDescription } from "@codemirror/language";

/** The languages of code inside Markdown; each is loaded when a document has it. */
export const languageDescriptions: readonly LanguageDescription[] = [
  LanguageDescription.of({ name: "javascript", alias: ["js", "jsx", "ts", "tsx", "typescript"], load: async () => (await import("@codemirror/lang-javascript")).javascript({ jsx: true, typescript: true }) }),
  LanguageDescription.of({ name: "python", alias: ["py"], load: async () => (await import("@codemirror/lang-python")).python() }),
  LanguageDescription.of({ name: "html", load: async () => (await import("@codemirror/lang-html")).html() }),
  LanguageDescription.of({ name: "css", load: async () => (await import("@codemirror/lang-css")).css() }),
  LanguageDescription.of({ name: "json", load: async () => (await import("@codemirror/lang-json")).json() }),
  LanguageDescription.of({ name: "yaml", alias: ["yml"], load: async () => (await import("@codemirror/lang-yaml")).yaml() }),
];
