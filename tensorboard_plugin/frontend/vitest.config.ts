import { defineConfig } from "vitest/config";

export default defineConfig({
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  test: { globalSetup: "tests/ruleAlerts.setup.ts" },
});
