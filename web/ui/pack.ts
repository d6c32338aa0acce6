// After a build: what the first script says to the browser, and each file also packed, once and as small as it gets, so
// that the server does not do it ever again.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import type { Plugin } from 'vite'

/** Most of what is in the first script runs at once: it is compiled as a whole while it comes, on a thread of its own,
 *  instead of on that of the page, and half of it twice, as each function is first called. It has to be the first line. */
export function hint(): Plugin {
  return {
    name: 'hint',
    apply: 'build',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        for (const one of Object.values(bundle)) {
          if (one.type === 'chunk' && one.isEntry) one.code = `//# allFunctionsCalledOnLoad\n${one.code}`
        }
      },
    },
  }
}

export function pack(): Plugin {
  let folder = ''
  return {
    name: 'pack',
    apply: 'build',
    configResolved(config) {
      folder = resolve(config.root, config.build.outDir, 'assets')
    },
    closeBundle() {
      for (const name of readdirSync(folder)) {
        if (/\.(br|gz)$/.test(name)) continue
        const bytes = readFileSync(join(folder, name))
        const packed = {
          br: brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }),
          gz: gzipSync(bytes, { level: 9 }),
        }
        for (const [ending, one] of Object.entries(packed)) {
          if (one.length < bytes.length) writeFileSync(join(folder, `${name}.${ending}`), one)
        }
      }
    },
  }
}
