# shellcheck shell=bash
# Installs Debian packages for tests, without starting daemons or creating database clusters. To be sourced.

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

# on_debian_as_root: whether packages can be installed on this machine.
on_debian_as_root() {
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && [ -r /etc/os-release ] &&
    (. /etc/os-release && [ "${ID:-}" = debian ])
}

# docker_is_healthy: whether a container provider answers; its client alone is not enough.
docker_is_healthy() { command -v docker >/dev/null && timeout 10 docker info >/dev/null 2>&1; }

# apt_install PACKAGE...: installs what is not installed yet; one run at a time on a machine.
apt_install() { (
  exec 9>/run/lock/auth-books-apt.lock
  flock -w 600 9 || { say "another installation has held the lock for ten minutes"; exit 1; }

  missing=()
  for package; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || exit 0
  say "installing ${missing[*]}"

  log=$(mktemp)
  trap 'allow_services; rm -f "$log"' EXIT
  trap 'exit 130' INT TERM
  hold_services
  for attempt in 1 2 3; do
    if apt update && apt install -y "${missing[@]}"; then exit 0; fi >"$log" 2>&1
    say "attempt $attempt to install ${missing[*]} failed"
  done
  cat "$log" >&2
  exit 1
); }

# apt COMMAND...: apt-get without questions, which waits for its locks and has a timeout.
apt() {
  DEBIAN_FRONTEND=noninteractive timeout 900 apt-get -q --no-install-recommends \
    -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -o Acquire::http::Timeout=30 -o Acquire::https::Timeout=30 \
    -o Dpkg::Options::=--force-confold "$@" </dev/null
}

policy=/usr/sbin/policy-rc.d
no_cluster=/etc/postgresql-common/createcluster.d/auth-books.conf

# hold_services: keeps installed packages from starting services.
hold_services() {
  [ ! -e "$policy" ] || mv "$policy" "$policy.auth-books"
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
  mkdir -p "${no_cluster%/*}"
  echo 'create_main_cluster = false' >"$no_cluster"
}

# allow_services: undoes hold_services.
allow_services() {
  rm -f "$policy" "$no_cluster"
  [ ! -e "$policy.auth-books" ] || mv "$policy.auth-books" "$policy"
}
