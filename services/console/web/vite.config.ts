import { defineConfig, type Plugin } from 'vite';

/** Modules that the page loads at once, without those of a route. */
const firstLoad = new Set<string>();

const findFirstLoad: Plugin = {
  name: 'find-first-load',
  buildEnd() {
    const add = (id: string): void => {
      if (firstLoad.has(id)) return;
      firstLoad.add(id);
      this.getModuleInfo(id)?.importedIds.forEach(add);
    };
    for (const id of this.getModuleIds()) if (this.getModuleInfo(id)?.isEntry) add(id);
  },
};

/** Built by `tools/build-console.mjs`, served by `services/console/api/src/http/web-pages.ts`. */
export default defineConfig({
  root: import.meta.dirname,
  // Addresses are relative to the <base> of index.html: a proxy may serve the console below a path.
  base: './',
  plugins: [findFirstLoad],
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
      checks: { pluginTimings: false },
      output: {
        codeSplitting: {
          // In some thirty small chunks it compresses a tenth worse. Libraries change less often.
          groups: [
            { name: 'libraries', test: (id) => firstLoad.has(id) && id.includes('/node_modules/'), priority: 1 },
            { name: 'frame', test: (id) => firstLoad.has(id) && !id.endsWith('.html') && !id.endsWith('/main.tsx') },
          ],
        },
      },
      onLog(level, log, handle) {
        // `use client` is for rendering on a server.
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') handle(level, log);
      },
    },
  },
  // React's messages for developers are left out.
  define: { 'process.env.NODE_ENV': '"production"' },
});
