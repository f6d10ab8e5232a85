# Makes the data directory of 18 from upgrade.dump, if there is one. The directory gets its name only when it is
# complete, so a restore that was interrupted begins anew.
cd /var/lib/postgresql
if [ ! -e upgrade.dump ]; then
  if [ -e 18/PG_VERSION ] || [ ! -e pgdata/PG_VERSION ]; then exit 0; fi # Done before, or there is nothing to bring along.
  echo "pgdata is of Postgres $(cat pgdata/PG_VERSION), and there is no upgrade.dump of it: follow docs/upgrade.md" >&2
  exit 1
fi

rm -rf 18.new
# The image makes an empty database with its users, then serves. Nobody but this container reaches it.
PGDATA=$PWD/18.new docker-entrypoint.sh postgres -c listen_addresses=127.0.0.1 &
server=$!
# While it is made, only the socket answers.
until pg_isready --quiet --host=127.0.0.1 --dbname=auth; do
  kill -0 "$server"
  sleep 0.2
done
export PGUSER=postgres PGDATABASE=auth
pg_restore --exit-on-error --single-transaction --clean --if-exists --dbname=auth upgrade.dump
vacuumdb --quiet --analyze-only
kill -INT "$server"
wait "$server"

rm -rf 18
mv 18.new 18
mv upgrade.dump upgrade.dump.restored
sync
echo "restored $(cat 18/PG_VERSION)"
