# The end of a bake: takes out of the image what is of this one VM and what no
# other one has a use for. Run as root, in the VM, as the last thing.
scratch=/var/cache/machine

if [ -e "$scratch/autoremove" ]; then
	apt-get -q -y -o DPkg::Lock::Timeout=300 --purge autoremove
fi
rm -rf "$scratch"

# What the package managers have fetched. Lists are older than the image is
# used: whoever wants to install something fetches new ones.
if command -v apt-get >/dev/null; then
	apt-get clean
	rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin
fi
if command -v dnf >/dev/null; then dnf -q clean all; fi
rm -rf /var/cache/apk/* /var/cache/pacman/pkg/* /var/cache/zypp/*
rm -rf /root/.cache /root/.npm /root/.config/go /root/go

# Who this VM is: each machine makes its own. An empty machine-id, and not
# "uninitialized", which would have systemd preset every unit anew.
: >/etc/machine-id
rm -f /var/lib/dbus/machine-id
rm -f /etc/ssh/ssh_host_* /var/lib/systemd/random-seed /var/lib/systemd/credential.secret
rm -f /var/lib/dhcp/* /var/lib/dhclient/* /var/lib/NetworkManager/*lease*
rm -rf /var/lib/systemd/network/* /run/systemd/netif/leases/*
# cloud-init takes an image that it has seen for the same machine.
rm -rf /var/lib/cloud/instances /var/lib/cloud/instance /var/lib/cloud/sem /var/lib/cloud/data

# What happened while it was made.
find /var/log -type f -exec truncate -s 0 {} +
find /var/log -type f \( -name '*.gz' -o -name '*.[0-9]' -o -name '*.old' \) -delete
rm -rf /var/log/journal/* /var/crash/* /var/lib/systemd/coredump/*
rm -rf /var/lib/systemd/timers/* /var/lib/systemd/catalog/database
rm -f /root/.bash_history /root/.lesshst /root/.wget-hsts
for home in /home/*; do
	rm -f "$home/.bash_history" "$home/.lesshst" "$home/.ssh/known_hosts"
	rm -rf "$home/.cache"
done
# Not what others hold open: /tmp of this VM is still in use.
find /tmp /var/tmp -xdev -mindepth 1 -maxdepth 1 ! -name 'systemd-private-*' \
    ! -name '.*-unix' -exec rm -rf {} +

sync
fstrim / || echo 'this disk cannot be trimmed: the image is larger than it has to be'
