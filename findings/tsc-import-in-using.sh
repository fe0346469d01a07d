#!/usr/bin/env bash
# TypeScript 6.0.3, Node 24.
# `rewriteRelativeImportExtensions` turns './b.ts' into './b.js' in what tsc emits, also in dynamic imports. Where a function has an
# `await using` that is compiled down (target es2022 to es2024), a dynamic import that follows it in a nested block keeps './b.ts':
# the program type-checks, builds without a word, and fails at run time, when the line is reached, if the sources are not beside the
# build. With target esnext, or before the `await using`, the same import is rewritten.
# Output seen:
#   es2022: ./b.js before, ./b.ts after "await using"
#   esnext: ./b.js before, ./b.js after "await using"
#   run: Cannot find module
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y > /dev/null
npm pkg set type=module
npm install --silent --no-audit --no-fund typescript@6.0.3 > /dev/null
mkdir src
echo 'export const b = 1;' > src/b.ts
cat > src/a.ts <<'TS'
declare const process: { readonly argv: readonly string[] };
const made = { [Symbol.asyncDispose]: () => Promise.resolve() };
async function before(): Promise<number> {
  if (process.argv.length > 0) {
    const { b } = await import('./b.ts');
    return b;
  }
  return 0;
}
async function after(): Promise<number> {
  await using thing = made;
  if (thing === made) {
    const { b } = await import('./b.ts');
    return b;
  }
  return 0;
}
await before();
await after();
TS
seen=''
for target in es2022 esnext; do
  npx tsc --module nodenext --target "$target" --lib esnext --rewriteRelativeImportExtensions --outDir "$target" src/a.ts src/b.ts
  imports=$(grep -o "import(['\"][^'\"]*['\"])" "$target/a.js" | tr -d "\"'" | sed 's/import(\(.*\))/\1/' | paste -sd' ')
  line="$target: ${imports% *} before, ${imports#* } after \"await using\""
  echo "$line"
  seen+="$line;"
done
run=$(node es2022/a.js 2>&1 | grep -o 'Cannot find module' | head -1 || true)
echo "run: $run"
[ "$seen$run" = 'es2022: ./b.js before, ./b.ts after "await using";esnext: ./b.js before, ./b.js after "await using";Cannot find module' ]
