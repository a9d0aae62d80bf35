# allow: Docker of the distribution: rootless runs it as you, true as root in the VM
# channels: rootless true
name=$(user)
want docker.io docker-cli docker-buildx docker-compose
# Nothing of it runs from the start of the VM: a socket is there, and the first
# that connects to it starts the rest.
systemctl -q disable docker.service containerd.service
systemctl stop docker.service docker.socket containerd.service

rootful() {
	systemctl -q enable docker.socket
	usermod -aG docker "$name"
	systemctl start docker.socket
}

# dockerd as the user, in the user's own systemd. Programs find it where they
# look for Docker anyway, so no variable has to reach them.
rootless() {
	uid=$(id -u "$name")
	run=/run/user/$uid
	systemctl -q disable docker.socket
	want rootlesskit slirp4netns uidmap dbus-user-session
	grep -q "^$name:" /etc/subuid || usermod --add-subuids 100000-165535 "$name"
	grep -q "^$name:" /etc/subgid || usermod --add-subgids 100000-165535 "$name"

	# systemd hands over the socket as descriptor 3, where rootlesskit has
	# something of its own: it travels as 9.
	mkdir -p "$lib/docker-rootless"
	cat >"$lib/docker-rootless/start" <<-'S'
		#!/bin/sh
		PATH=/usr/local/lib/docker-rootless:/usr/share/docker.io/contrib:$PATH
		export PATH
		exec dockerd-rootless.sh 9<&3 3<&-
	S
	cat >"$lib/docker-rootless/dockerd" <<-'S'
		#!/bin/sh
		export LISTEN_PID=$$ LISTEN_FDS=1
		exec /usr/sbin/dockerd -H fd:// "$@" 3<&9 9<&-
	S
	chmod 755 "$lib/docker-rootless"/*
	cat >/etc/systemd/user/docker.socket <<-'U'
		[Unit]
		Description=Docker without root
		ConditionUser=!root
		[Socket]
		ListenStream=%t/docker.sock
		SocketMode=0600
		[Install]
		WantedBy=sockets.target
	U
	cat >/etc/systemd/user/docker.service <<-'U'
		[Unit]
		Description=Docker without root
		ConditionUser=!root
		Requires=docker.socket
		After=docker.socket
		[Service]
		Type=notify
		NotifyAccess=all
		ExecStart=/usr/local/lib/docker-rootless/start
		Delegate=yes
		KillMode=mixed
		LimitNOFILE=infinity
		TasksMax=infinity
		TimeoutStartSec=infinity
	U
	systemctl -q --global enable docker.socket
	# The user's systemd runs from the start, whether or not somebody has
	# logged in.
	mkdir -p /var/lib/systemd/linger
	: >"/var/lib/systemd/linger/$name"
	echo "L+ /run/docker.sock - - - - $run/docker.sock" >/etc/tmpfiles.d/docker-rootless.conf
	systemd-tmpfiles --create /etc/tmpfiles.d/docker-rootless.conf
	systemctl start "user@$uid.service"
	as_user systemctl --user daemon-reload
	as_user systemctl --user start docker.socket
}

as_user() {
	setpriv --reuid "$name" --regid "$name" --init-groups --reset-env \
	    env XDG_RUNTIME_DIR="$run" "$@"
}

case $1 in
true) rootful ;;
*) rootless ;;
esac
check_version docker "$(docker --version | sed -E 's/.* version ([^ ,]*).*/\1/')" ''
