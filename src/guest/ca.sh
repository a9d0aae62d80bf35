# Makes the guest trust the certificate authorities of the host; run as root,
# first of all, while an image is made. Behind it stands for each of them
#
#	certificate NAME <<'END'
#
# and then `trust`.
new=$(mktemp -d)

certificate() { cat >"$new/machine-$1.crt"; }

# Is it in there already, whatever file it came from?
known() { # BUNDLE CERTIFICATE
	[ -r "$1" ] && tr -d '\n' <"$1" | grep -qF -- "$(tr -d '\n' <"$2")"
}

trust() {
	if [ -d /etc/pki/ca-trust/source/anchors ]; then # Fedora
		anchors=/etc/pki/ca-trust/source/anchors
		bundle=/etc/pki/tls/certs/ca-bundle.crt update=update-ca-trust
	elif [ -d /etc/ca-certificates/trust-source/anchors ]; then # Arch
		anchors=/etc/ca-certificates/trust-source/anchors
		bundle=/etc/ssl/certs/ca-certificates.crt update=update-ca-trust
	elif [ -d /etc/pki/trust/anchors ]; then # SUSE
		anchors=/etc/pki/trust/anchors
		bundle=/etc/ssl/ca-bundle.pem update=update-ca-certificates
	else # Debian, Alpine
		anchors=/usr/local/share/ca-certificates
		bundle=/etc/ssl/certs/ca-certificates.crt update=update-ca-certificates
	fi
	if ! command -v "$update" >/dev/null; then
		echo "machine: this guest has no $update: install ca-certificates in the image, or take ca_certificates: host away" >&2
		exit 1
	fi
	added=
	for file in "$new"/*.crt; do
		known "$bundle" "$file" && continue
		mkdir -p "$anchors"
		install -m 644 "$file" "$anchors/"
		added=1
	done
	rm -rf "$new"
	# Half a minute under emulation: not for nothing.
	if [ -n "$added" ]; then "$update"; fi
}
