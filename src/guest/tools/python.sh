# allow: Python, pip and venv of the distribution
# channels: latest stable
check_distributed python python3 "$1"
want python3 python3-venv python3-pip python-is-python3
check_version python "$(python3 -c 'import platform; print(platform.python_version())')" "$1"
