# allow: git of the distribution
# channels: latest stable
check_distributed git git "$1"
want git less
check_version git "$(git --version | sed 's/git version //')" "$1"
