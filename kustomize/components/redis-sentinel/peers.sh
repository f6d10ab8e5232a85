# Read by the other scripts: who this pod is, what the pods sign in with among
# themselves, and who the master is.
umask 077

for peer in $PEERS; do
  case $peer in "$POD_NAME" | "$POD_NAME".*) me=$peer ;; esac
done

# Sealed with the users' file, which is given to these pods alone.
password=$(cat /etc/redis-users/password)
hash=$(printf %s "$password" | sha256sum | cut -c1-64)

# ask HOST: whom the sentinel there calls the master; nothing if it does not answer.
ask() {
  answer=$(timeout 2 redis-cli -h "$1" -p 26379 sentinel get-master-addr-by-name session-db 2>/dev/null | head -n 1) || true
  for peer in $PEERS; do
    if [ "$peer" = "$answer" ]; then echo "$answer"; fi
  done
}

# find_master: whom a sentinel calls so, else whom this pod's did when it stopped, else the first pod.
find_master() {
  for host in $PEERS; do
    master=$(ask "$host")
    if [ -n "$master" ]; then echo "$master"; return; fi
  done
  master=$(sed -n 's/^sentinel monitor session-db \([^ ]*\) .*/\1/p' /data/sentinel.conf 2>/dev/null) || true
  echo "${master:-${PEERS%% *}}"
}
