import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// Firefly tells the port in PORT, and the hosts of the preview in a variable that Vite reads by itself.
export default defineConfig({
  plugins: [react()],
  server: { host: "127.0.0.1", port: Number(process.env.PORT) || 3000, strictPort: true },
});
