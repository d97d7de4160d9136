import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { precompress } from "./vite.compress";

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** One page each; the server finds their hashed names in `.vite/manifest.json`. */
const entries: Record<string, string> = {
  dashboard: source("./src/dashboard/main.tsx"),
  editor: source("./src/workbench/main.tsx"),
  account: source("./src/pages/main.tsx"),
};

export default defineConfig({
  plugins: [react(), precompress()],
  base: "/assets/",
  publicDir: false,
  build: {
    outDir: source("../firefly/web/static/editor"),
    emptyOutDir: true,
    manifest: true,
    modulePreload: { polyfill: false },
    target: "es2022",
    chunkSizeWarningLimit: 900,
    assetsInlineLimit: 0,
    rollupOptions: {
      input: Object.fromEntries(Object.entries(entries).filter(([, path]) => existsSync(path))),
      output: {
        entryFileNames: "[name]-[hash].js",
        chunkFileNames: "[name]-[hash].js",
        assetFileNames: "[name]-[hash][extname]",
      },
    },
  },
  test: { environment: "jsdom", include: ["tests/**/*.test.{ts,tsx}", "src/**/*.test.{ts,tsx}"] },
});
