// Builds the bundle that the Python package ships. `--check` writes nothing and fails if the committed one differs.
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, transform } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, "..", "inputdiag", "static", "index.js");
const MAX_GZIP_BYTES = 60_000;

const result = await build({
  absWorkingDir: here,
  entryPoints: ["src/index.ts"],
  bundle: true,
  write: false,
  format: "esm",
  target: "es2022",
  minify: true,
  charset: "utf8",
  legalComments: "none",
  jsx: "automatic",
  jsxImportSource: "preact",
  // Style sheets of other origins are blocked by TensorBoard's policy, so the page gets its style as text.
  loader: { ".css": "text" },
  plugins: [
    {
      name: "small-css",
      setup(builder) {
        builder.onLoad({ filter: /\.css$/ }, async ({ path }) => {
          const { code } = await transform(await readFile(path, "utf8"), { loader: "css", minify: true });
          return { loader: "text", contents: code.trim() };
        });
      },
    },
  ],
  banner: { js: "// Built from tensorboard_plugin/frontend; do not edit. Contains Preact (MIT licence)." },
});
const bundle = result.outputFiles[0].contents;
const size = gzipSync(bundle, { level: 9 }).length;
if (size > MAX_GZIP_BYTES) {
  console.error(`The bundle has ${size} bytes gzip; at most ${MAX_GZIP_BYTES} are allowed.`);
  process.exit(1);
}
if (process.argv.includes("--check")) {
  const committed = await readFile(target).catch(() => Buffer.alloc(0));
  if (Buffer.compare(Buffer.from(bundle), committed) !== 0) {
    console.error("static/index.js is not what the sources make. Run: npm run build");
    process.exit(1);
  }
} else {
  await writeFile(target, bundle);
  console.log(`static/index.js: ${bundle.length} bytes, ${size} gzip`);
}
