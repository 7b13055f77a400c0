import { defineConfig } from 'vite';

// vtk.js reaches xmlbuilder2, which wants node's `events` and `url`: without these two the page dies at its start
const polyfill = (path: string): string => new URL(`./node_modules/${path}`, import.meta.url).pathname;

// sixteen hexadecimal digits: by them the server knows that a file never changes
const named = {
  hashCharacters: 'hex', entryFileNames: 'assets/[name].[hash:16].js', chunkFileNames: 'assets/[name].[hash:16].js',
  assetFileNames: 'assets/[name].[hash:16][extname]',
} as const;

export default defineConfig({
  base: '/quick/',
  worker: { format: 'es', rolldownOptions: { output: named } },
  build: {
    target: 'esnext', assetsInlineLimit: 0, modulePreload: { polyfill: false }, chunkSizeWarningLimit: 8000,
    rolldownOptions: { output: named },
  },
  resolve: { alias: { events: polyfill('events/events.js'), url: polyfill('url/url.js') } },
});
