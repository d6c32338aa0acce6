#!/usr/bin/env bash
# The page: what is committed is what its sources build, its own checks and unit tests, then a browser on a real server.
# Says aloud what it cannot do where Node, the packages or a browser are absent.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
root=$PWD
skip() { echo "skipped: ui: $1"; exit 0; }

command -v node >/dev/null || skip "there is no Node; 20.19 or newer builds and tests the page"
node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' ||
  skip "Node $(node --version) is too old; 20.19 or newer builds and tests the page"
cd web/ui
if [ ! -d node_modules ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  npm ci --no-audit --no-fund >/dev/null 2>&1 || skip "its packages could not be fetched"
fi

built=$(mktemp -d)
trap 'rm -rf "$built"' EXIT
npx openapi-typescript ../api/openapi.yaml -o src/api/schema.d.ts >/dev/null 2>&1
npx vite build --outDir "$built/dist" --logLevel error
# The packed files may differ with the version of Node; what is in them may not.
diff -rq -x '*.br' -x '*.gz' "$built/dist" dist || { echo "dist is not what the sources build: npm run build"; exit 1; }
node "$root/tests/ui/packed.mjs" dist
npx svelte-check --fail-on-warnings --output machine | grep -E 'ERROR|WARNING|COMPLETED' || exit 1
npx eslint --max-warnings 0 .
npx vitest run --reporter=dot

[ -n "$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)" ] ||
  skip "there is no Chromium; its sources and unit tests are checked, no browser has looked at it"
cd "$root"
BATON=${BATON:-$root/build/release/baton} node --test --test-concurrency=1 --test-reporter=spec tests/ui/*.test.mjs
