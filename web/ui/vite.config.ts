import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'
import { hint, pack } from './pack.ts'

// One script and one sheet for the first view, one more for what several other pages have in common, and one for each
// kind of page; names carry a digest of what is inside, so that they may be kept for ever. Relative addresses: the page
// may lie behind any prefix.
const small = /[\\/]src[\\/](?!.*([Gg]raph|Minimap|YearCalendar|[Bb]ulk|BackfillForm|DagCalendar))/ // the others stay alone

export default defineConfig({
  base: './',
  plugins: [svelte(), hint(), pack()],
  build: {
    target: 'es2022',
    cssTarget: ['chrome125', 'firefox128', 'safari17.5'],
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: 'index', tags: ['$initial'] },
            { name: 'shared', minShareCount: 2, test: small },
          ],
        },
      },
    },
  },
  server: {
    proxy: Object.fromEntries(['/api', '/auth'].map((path) => [path, process.env.BATON_URL ?? 'http://127.0.0.1:8080'])),
  },
  test: { include: ['src/**/*.test.ts'] },
})
