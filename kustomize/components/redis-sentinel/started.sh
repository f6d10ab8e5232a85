# The startup probe: Redis answers, and a new replica has its first copy of the tokens. Until then no sentinel may
# choose it, for an empty master would sign everybody out.
set -eu
. /etc/redis/peers.sh
export REDISCLI_AUTH="$password"

here() { timeout 2 redis-cli -h "$me" -p 6379 --user sentinel "$@"; }

info=$(here info replication | tr -d '\r')
case $info in
*role:master* | *master_link_status:up*) touch /data/copied ;;
*role:slave*) [ -e /data/copied ] ;;
*) exit 1 ;;
esac
here config set replica-priority 100 | grep -q OK
