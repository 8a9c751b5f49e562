#!/bin/sh
# Rebuilds the committed third-party assets from pinned npm packages; see docs/vendoring.md.
# Needs node >= 20 and npm. The site itself needs neither.
set -eu
here=$(cd "$(dirname "$0")/vendor" && pwd)
root=$(cd "$here/../.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cp "$here/package.json" "$here/package-lock.json" "$here/build.mjs" "$here/echarts-entry.mjs" "$scratch/"
cd "$scratch"
npm ci --ignore-scripts --no-audit --no-fund --silent
node build.mjs "$here" "$root"
echo "Vendored assets rebuilt. Review them with: git diff --stat drain/static/drain tests/vendor"
