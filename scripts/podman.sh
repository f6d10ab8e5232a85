# shellcheck shell=bash
# A container provider from Debian's own packages, for a machine without Docker. To be sourced after apt.sh.

export CONTAINERS_CONF=$PWD/scripts/images/containers.conf

# podman_install: installs podman with recommended packages, and tools to build images without a registry.
podman_install() { apt_install podman runc netavark aardvark-dns iptables debootstrap curl; }

# podman_start DIR: serves the Docker API on a socket in DIR; sets podman_pid and DOCKER_HOST.
podman_start() {
  local socket=$1/podman.sock tries
  podman system service --time=0 "unix://$socket" >"$1/podman.log" 2>&1 </dev/null &
  podman_pid=$!
  for ((tries = 0; tries < 100; tries++)); do
    if curl -sf -m 2 --unix-socket "$socket" http://podman/_ping >/dev/null; then
      export DOCKER_HOST=unix://$socket
      return 0
    fi
    kill -0 "$podman_pid" 2>/dev/null || break
    sleep 0.1
  done
  say "podman does not answer:"
  cat "$1/podman.log" >&2
  return 1
}

# podman_stop: ends the service that podman_start started.
podman_stop() {
  kill "$podman_pid" 2>/dev/null || return 0
  wait "$podman_pid" 2>/dev/null || true
}

# image NAME FOLDER: provides the image NAME: from an earlier run, or pulled, or built from Debian's packages.
# A built image is rebuilt when its recipe changes.
image() {
  local name=$1 folder=scripts/images/$2 recipe repository=${1%%:*} tag=${1#*:}
  recipe=$(cat "$folder"/* scripts/podman.sh | sha256sum | cut -c1-16)
  case $(podman image inspect -f '{{index .Labels "recipe"}}' "$name" 2>/dev/null || echo absent) in
    "$recipe") return 0 ;;          # made here, up to date
    absent | ????????????????) ;;   # not here, or made here from another recipe
    *) return 0 ;;                  # the official one
  esac

  say "pulling $name"
  if timeout 180 curl -sf -X POST --unix-socket "${DOCKER_HOST#unix://}" \
    "http://podman/v1.41/images/create?fromImage=$repository&tag=$tag" >/dev/null &&
    podman image exists "$name"; then
    return 0
  fi

  say "$name cannot be pulled: making it from Debian's packages"
  podman image exists localhost/debian:trixie-slim || debian_image
  timeout 900 podman build -q --network=host --label "recipe=$recipe" --build-arg "MAJOR=${tag%%.*}" -t "$name" "$folder" >/dev/null
}

# debian_image: a base image of Debian 13, from the mirror that apt uses.
debian_image() { (
  # shellcheck disable=SC1091
  codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
  mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
    awk -v codename="$codename" '$2 == codename { print $1; exit }')
  [ -n "$mirror" ] || { say "apt has no source for $codename"; exit 1; }
  root=$(mktemp -d)
  trap 'rm -rf --one-file-system "$root"' EXIT
  timeout 900 debootstrap --variant=minbase --include=ca-certificates,locales trixie "$root/debian" "$mirror" >"$root/log" 2>&1 ||
    { tail -20 "$root/log" >&2; exit 1; }
  tar -C "$root/debian" --numeric-owner -c . | podman import -q - localhost/debian:trixie-slim >/dev/null
); }
