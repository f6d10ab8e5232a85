# Runs before Redis is told to stop. If it is the master, another becomes it first, with everything that was
# acknowledged: else the sentinels would have to notice that it is gone.
set -eu
. /etc/redis/peers.sh
export REDISCLI_AUTH="$password"

here() { timeout 2 redis-cli -h "$me" -p 6379 --user sentinel "$@"; }
info() { here info replication | tr -d '\r'; }

info | grep -q '^role:master$' || exit 0
# Nobody has nine replicas: no write is acknowledged from here on.
here config set min-replicas-to-write 9 >/dev/null
for _ in $(seq 15); do
  written=$(info | sed -n 's/^master_repl_offset://p')
  if info | grep -q "^slave.*,offset=$written,"; then break; fi
  sleep 0.2
done
for _ in $(seq 10); do
  for host in $PEERS; do
    # This pod's sentinel is being stopped.
    [ "$host" != "$me" ] || continue
    timeout 2 redis-cli -h "$host" -p 26379 --user sentinel sentinel failover session-db | grep -q OK || continue
    for _ in $(seq 50); do
      now=$(unset REDISCLI_AUTH; ask "$host")
      if [ -n "$now" ] && [ "$now" != "$me" ]; then exit 0; fi
      sleep 0.2
    done
  done
  sleep 1
done
