# allow: containerd of the distribution
# channels: latest stable
check_distributed containerd containerd "$1"
want containerd containernetworking-plugins
# Where the distribution has it; Debian 13 does not, and has ctr.
[ -z "$(distributed nerdctl)" ] || want nerdctl
systemctl enable containerd.service
check_version containerd "$(containerd --version | sed -E 's/.* v?([0-9][^ ]*) .*/\1/')" "$1"
