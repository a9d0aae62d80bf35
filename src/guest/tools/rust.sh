# allow: Rust and Cargo of the distribution
# channels: latest stable
check_distributed rust rustc "$1"
want rustc cargo
check_version rust "$(rustc --version | cut -d ' ' -f 2)" "$1"
check_version cargo "$(cargo --version | cut -d ' ' -f 2)" ''
