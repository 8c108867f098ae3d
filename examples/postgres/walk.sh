# The way of a database, which `scripts/quickstart --postgres` takes: protected, written to, broken by a bad UPDATE, its server lost, and brought back
# to the second before. Everything, the server too, lies in the scratch folder of that script, whose functions are used here.

# PostgreSQL refuses to be run by root; bdr, which the server calls to archive its log, is run by the same user here.
as_server() {
  if [ "$(id -u)" = 0 ]; then
    setpriv --reuid=postgres --regid=postgres --clear-groups env HOME="$scratch" "$@"
  else
    "$@"
  fi
}

psql() { as_server "$bin/psql" -XAtq -v ON_ERROR_STOP=1 "$DATABASE_URL" -c "$1"; }

start_cluster() {
  cluster=$1
  as_server "$bin/pg_ctl" -D "$cluster" -l "$scratch/server.log" -w start >/dev/null || wrong "the server did not start: see $scratch/server.log"
}

stop_cluster() {
  as_server "$bin/pg_ctl" -D "$cluster" -m immediate stop >/dev/null 2>&1 || true
  cluster=
}

make_cluster() {
  as_server "$bin/initdb" -D "$scratch/server" -U postgres --auth=trust --data-checksums >"$scratch/initdb.log" 2>&1
  cat >>"$scratch/server/postgresql.conf" <<CONF
listen_addresses = ''
unix_socket_directories = '$scratch'
archive_mode = on
archive_timeout = 60
archive_command = '$bdr -p $scratch/bdr.yaml wal push orders %p'
CONF
  start_cluster "$scratch/server"
  as_server "$bin/createdb" -h "$scratch" -U postgres shop
  psql "CREATE TABLE orders (id serial PRIMARY KEY, amount numeric NOT NULL, placed timestamptz NOT NULL DEFAULT clock_timestamp())"
  psql "INSERT INTO orders (amount) SELECT n FROM generate_series(1, 1000) n"
}

orders_come_in() {
  local count
  for ((count = 0; count < $1; count++)); do
    psql "INSERT INTO orders (amount) VALUES (100)"
    sleep 0.2
  done
}

"$repo/scripts/servers" install postgres
bin=$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin | sort -V | tail -n 1)
[ -x "$bin/initdb" ] || wrong "the programs of PostgreSQL are not below /usr/lib/postgresql"
[ "$(id -u)" != 0 ] || chown -R postgres:postgres "$scratch"
# Where that user can reach it; a link, where it can be one, is the same file and keeps its owner.
ln "$bdr" "$scratch/bdr" 2>/dev/null || cp "$bdr" "$scratch/bdr"
bdr=$scratch/bdr
bdr() { as_server "$bdr" "$@"; }
unset "${!PG@}"
export DATABASE_URL="postgresql:///shop?host=$scratch&user=postgres"
export BDR_ALLOW_ENDPOINT="postgresql://$scratch"

say "Starting a server of PostgreSQL on this machine, with the orders of a shop"
make_cluster
started=$SECONDS

say "The policy: a dump each night, the whole cluster, and the log of what is written in between"
run cat bdr.yaml

say "Can it keep its promises?"
run bdr lint
run bdr assess

say "The first backups"
run bdr apply --auto-approve

say "Orders come in"
orders_come_in 10

say "Somebody forgets a WHERE"
sleep 1
good=$(psql "SELECT date_trunc('second', clock_timestamp())")
sum=$(psql "SELECT count(*) || ' orders, ' || sum(amount) FROM orders WHERE placed <= '$good'")
sleep 1
run psql "UPDATE orders SET amount = 0"
broken=$(psql "SELECT clock_timestamp()")
psql "SELECT pg_switch_wal()" >/dev/null
orders_come_in 3

say "And then the server is lost"
stop_cluster
rm -rf "$scratch/server"

say "What can be restored?"
run bdr list
run bdr wal status || true

say "The second before: whether the log reaches that is looked at before anything is copied"
run bdr restore orders --to "$scratch/recovered" --at "$good"
start_cluster "$scratch/recovered"
until [ "$(psql "SELECT pg_is_in_recovery()")" = f ]; do sleep 0.2; done

say "What came back"
back=$(psql "SELECT count(*) || ' orders, ' || sum(amount) FROM orders")
run psql "SELECT count(*) AS orders, sum(amount), max(placed) FROM orders"
[ "$back" = "$sum" ] || wrong "before the UPDATE there were $sum; what came back is $back"
loss=$(psql "SELECT round(extract(epoch FROM '$broken'::timestamptz - '$good'::timestamptz)::numeric, 1)")

say "All of it as it was a second before the UPDATE: $sum. Lost: the $loss s since $good. Done in $((SECONDS - started)) s."
