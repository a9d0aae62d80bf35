# allow: Node.js and npm, from the npm registry
# channels: latest lts
# env: NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
arch=$(registry_arch)
fetched=$scratch/node_modules/node-linux-$arch

# The npm that this Node.js is released with.
npm_for() {
	case ${1%%.*} in
	1[0-7]) fail "node $1 is too old: 18 is the first that works here" ;;
	18 | 19 | 20 | 21 | 22 | 23) echo 10 ;;
	*) echo 11 ;;
	esac
}

fetch() {
	npm_fetch "node-linux-$arch@$1"
	version=$("$fetched/bin/node" -p process.versions.node)
}

case $1 in
'') # no wish: the one that the bake has
	npm_client
	;;
lts) # the release says by itself whether it is one
	fetch latest
	for _ in 1 2 3; do
		[ "$("$fetched/bin/node" -p '!!process.release.lts')" = false ] || break
		fetch $((${version%%.*} - 1))
	done
	;;
*)
	fetch "$1"
	;;
esac
if [ -n "$1" ]; then
	npm_fetch "node-linux-$arch@$version" "npm@$(npm_for "$version")"
	from=$fetched
	npm=$scratch/node_modules/npm
else
	from=$client
	npm=$client/lib/node_modules/npm
fi

say 'installing Node.js'
# In the tree of `npm install -g` itself, so that root can do that later.
mkdir -p "$lib/node_modules" /usr/local/include /usr/local/etc
rm -rf "$lib/node_modules/npm" /usr/local/include/node
cp "$from/bin/node" "$bin/node"
cp -R "$from/include/node" /usr/local/include/node
cp -R "$npm" "$lib/node_modules/npm"
ln -sf "$lib/node_modules/npm/bin/npm-cli.js" "$bin/npm"
ln -sf "$lib/node_modules/npm/bin/npx-cli.js" "$bin/npx"
# Headers of other processors are most of them.
find /usr/local/include/node/openssl/archs -mindepth 1 -maxdepth 1 \
    ! -name "linux-$(uname -m)" -exec rm -rf {} +
# npm brings its own list of authorities; the guest's has the host's, too.
printf '%s\n' "cafile=$certificates" update-notifier=false >/usr/local/etc/npmrc
rm -rf "$scratch/node_modules"
check_version node "$(node -p process.versions.node)" "$1"
check_version npm "$(npm --version)" ''
