# Starts Redis as the master, or as a replica of it.
set -eu
. /etc/redis/peers.sh

master=$(find_master)
. /etc/redis/users.sh
{
  echo "masteruser replica"
  echo "masterauth $password"
  echo "replica-announce-ip $me"
  if [ "$master" != "$me" ]; then echo "replicaof $master 6379"; fi
  # Not to be chosen yet: see started.sh.
  if [ ! -e /data/copied ]; then echo "replica-priority 0"; fi
} >/run/redis/peer.conf
exec redis-server /etc/redis/replication.conf
