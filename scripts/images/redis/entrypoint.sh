#!/bin/bash
# The contract of the official redis image: options or a *.conf alone mean redis-server, root gives way to redis,
# and protected mode is off, because a container is reached from outside itself.
set -eo pipefail

case ${1:-} in -* | *.conf) set -- redis-server "$@" ;; esac
[ "${1:-}" = redis-server ] || exec "$@"

if [ "$(id -u)" = 0 ]; then
  chown -R redis:redis /data
  exec gosu redis "${BASH_SOURCE[0]}" "$@"
fi
case " $* " in *' --protected-mode '*) ;; *) set -- "$@" --protected-mode no ;; esac
exec "$@"
