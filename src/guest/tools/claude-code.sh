# allow: Claude Code from the npm registry
# channels: latest stable
# state: .claude
# env: CLAUDE_CONFIG_DIR=~/.claude
# env: DISABLE_AUTOUPDATER=1
package=@anthropic-ai/claude-code-linux-$(registry_arch)
version=$1
# The package of a processor has no such word; the newest is what it means.
[ "$1" != stable ] || version=latest
npm_fetch "$package@${version:-latest}"
say 'installing Claude Code'
rm -rf "$lib/claude-code"
mv "$scratch/node_modules/$package" "$lib/claude-code"
chown -R root:root "$lib/claude-code"
ln -sf "$lib/claude-code/claude" "$bin/claude"
rm -rf "$scratch/node_modules"
check_version claude-code "$(claude --version | cut -d ' ' -f 1)" "$1"
