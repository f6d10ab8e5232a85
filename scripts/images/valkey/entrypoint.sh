#!/bin/bash
# The contract of the official valkey image: options or a *.conf alone mean valkey-server, root gives way to valkey,
# and protected mode is off, because a container is reached from outside itself.
set -eo pipefail

case ${1:-} in -* | *.conf) set -- valkey-server "$@" ;; esac
case ${1:-} in valkey-server | redis-server) ;; *) exec "$@" ;; esac

if [ "$(id -u)" = 0 ]; then
  chown -R valkey:valkey /data
  exec gosu valkey "${BASH_SOURCE[0]}" "$@"
fi
case " $* " in *' --protected-mode '*) ;; *) set -- "$@" --protected-mode no ;; esac
exec "$@"
