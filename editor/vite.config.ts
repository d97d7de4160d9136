import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { precompress } from "./vite.compress";

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** A folder of src with a `main.tsx` is a page; the server finds its hashed names in `.vite/manifest.json`. */
function entries(): Record<string, string> {
  const folders = readdirSync(source("./src")).filter((folder) => existsSync(source(`./src/${folder}/main.tsx`)));
  return Object.fromEntries(
    folders.map((folder) => [folder === "workbench" ? "editor" : folder, source(`./src/${folder}/main.tsx`)]),
  );
}

/** Few files for a first visit: what talks to the server is small and first, what all pages look like is one. */
function manualChunks(id: string): string | undefined {
  if (/\/src\/(bridge|shared\/api)\/|\/src\/shared\/boot\.ts$/.test(id)) return "server";
  if (/\/src\/shared\/|\/node_modules\/(react|react-dom|scheduler|lucide-react)\//.test(id)) return "frame";
  return undefined;
}

export default defineConfig({
  plugins: [react(), precompress()],
  base: "/assets/",
  publicDir: false,
  build: {
    outDir: process.env.FIREFLY_EDITOR_OUT ?? source("../firefly/web/static/editor"),
    emptyOutDir: true,
    manifest: true,
    modulePreload: { polyfill: false },
    target: "es2022",
    chunkSizeWarningLimit: 900,
    assetsInlineLimit: 0,
    rollupOptions: {
      input: entries(),
      output: {
        entryFileNames: "[name]-[hash].js",
        chunkFileNames: "[name]-[hash].js",
        assetFileNames: "[name]-[hash][extname]",
        manualChunks,
      },
    },
  },
  test: { environment: "jsdom", include: ["tests/**/*.test.{ts,tsx}", "src/**/*.test.{ts,tsx}"] },
});
