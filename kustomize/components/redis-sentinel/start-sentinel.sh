# Starts the sentinel beside Redis, with what it knew when it stopped.
set -eu
. /etc/redis/peers.sh

# Without a state: the others are its replicas. It would learn of them when it next asks the master, ten seconds later.
first_state() {
  master=$(find_master)
  echo "sentinel monitor session-db $master 6379 2"
  for peer in $PEERS; do
    if [ "$peer" != "$master" ]; then echo "sentinel known-replica session-db $peer 6379"; fi
  done
}

state=/data/sentinel.conf
# Who it is, what it has voted for, and whom it knows: a sentinel that forgets may vote twice.
known=$(grep -E '^sentinel (myid|monitor|current-epoch|config-epoch|leader-epoch|known-replica|known-sentinel) ' "$state" 2>/dev/null) || known=$(first_state)
{
  # Anybody who is let in here may ask who the master is. Only sentinels may say it.
  echo "user default on nopass resetchannels &+switch-master &+replica-reconf-done &+slave &+sentinel &+sdown &-sdown -@all +ping +subscribe +unsubscribe +sentinel|get-master-addr-by-name +sentinel|sentinels +sentinel|replicas"
  echo "user sentinel on #$hash allchannels -@all +ping +publish +subscribe +client|setname +sentinel|is-master-down-by-addr +sentinel|failover"
} >/run/redis/sentinel.acl
{
  cat /etc/redis/sentinel.conf
  echo "$known"
  echo "sentinel announce-ip $me"
  echo "sentinel auth-user session-db sentinel"
  echo "sentinel auth-pass session-db $password"
  echo "sentinel sentinel-user sentinel"
  echo "sentinel sentinel-pass $password"
} >"$state.new"
mv "$state.new" "$state"
exec redis-server "$state" --sentinel
