# Starts Redis as the master, or as a replica of it.
set -eu
. /etc/redis/peers.sh

master=$(find_master)
{
  cat /etc/redis-users/users.acl
  # What Redis documents as the least that each needs (redis.io, "Replication" and "High availability with Redis
  # Sentinel"). config|set is for started.sh and hand-over.sh.
  echo "user replica on #$hash resetchannels -@all +psync +replconf +ping"
  echo "user sentinel on #$hash allchannels -@all +multi +slaveof +ping +exec +subscribe +config|rewrite +role +publish +info +client|setname +client|kill +script|kill +config|set"
} >/run/redis/users.acl
{
  echo "masteruser replica"
  echo "masterauth $password"
  echo "replica-announce-ip $me"
  if [ "$master" != "$me" ]; then echo "replicaof $master 6379"; fi
  # Not to be chosen yet: see started.sh.
  if [ ! -e /data/copied ]; then echo "replica-priority 0"; fi
} >/run/redis/peer.conf
exec redis-server /etc/redis/replication.conf
