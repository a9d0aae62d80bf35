# allow: Codex from the npm registry
# channels: latest stable
# state: .codex
arch=$(registry_arch)
wanted=$1
[ "$wanted" != stable ] || wanted=latest
# The packages of the processors are versions of the one package.
npm_fetch "@openai/codex@${wanted:-latest}"
version=$(sed -n 's/^  "version": "\([^"]*\)".*/\1/p' \
    "$scratch/node_modules/@openai/codex/package.json")
npm_fetch "@openai/codex@$version-linux-$arch"
say 'installing Codex'
rm -rf "$lib/codex"
mv "$scratch"/node_modules/@openai/codex/vendor/*-linux-* "$lib/codex"
chown -R root:root "$lib/codex"
ln -sf "$lib/codex/bin/codex" "$bin/codex"
rm -rf "$scratch/node_modules"
check_version codex "$(codex --version | cut -d ' ' -f 2)" "$1"
