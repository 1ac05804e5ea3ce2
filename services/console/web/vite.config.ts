import { defineConfig } from 'vite';

/** Built by `tools/build-console.mjs`, served by `services/console/api/src/http/web-pages.ts`. */
export default defineConfig({
  root: import.meta.dirname,
  // Addresses are relative to the <base> of index.html: a proxy may serve the console below a path.
  base: './',
  build: {
    target: 'es2023',
    assetsDir: 'assets',
    // The security policy has no `data:`.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Pages that were loaded before a build ask for chunks of the one before.
    emptyOutDir: false,
    license: { fileName: 'licenses.md' },
    manifest: true,
    reportCompressedSize: false,
    rolldownOptions: {
      onLog(level, log, handle) {
        // `use client` is for rendering on a server.
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') handle(level, log);
      },
    },
  },
  // React's messages for developers are left out.
  define: { 'process.env.NODE_ENV': '"production"' },
});
