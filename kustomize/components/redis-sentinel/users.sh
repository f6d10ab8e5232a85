# Writes who may sign in: at the start, and again when the users' file has changed.
. /etc/redis/peers.sh
{
  cat /etc/redis-users/users.acl
  # What Redis documents as the least that each needs (redis.io, "Replication" and "High availability with Redis
  # Sentinel"). config|set is for started.sh and hand-over.sh.
  echo "user replica on #$hash resetchannels -@all +psync +replconf +ping"
  echo "user sentinel on #$hash allchannels -@all +multi +slaveof +ping +exec +subscribe +config|rewrite +role +publish +info +client|setname +client|kill +script|kill +config|set"
} >/run/redis/users.acl
