// Every packed file of a built page holds what the file beside it does.
import { readdirSync, readFileSync } from 'node:fs'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'

const folder = `${process.argv[2]}/assets`
for (const name of readdirSync(folder).filter((one) => /\.(br|gz)$/.test(one))) {
  const packed = readFileSync(`${folder}/${name}`)
  const bytes = name.endsWith('.br') ? brotliDecompressSync(packed) : gunzipSync(packed)
  if (!bytes.equals(readFileSync(`${folder}/${name.slice(0, -3)}`))) throw new Error(`${name} holds something else`)
}
