#!/bin/sh
# The standby of compose.yaml: a copy of the primary when there is none yet, which follows it.
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
	until pg_basebackup --pgdata "$PGDATA" --write-recovery-conf --wal-method=stream --checkpoint=fast \
		--dbname "host=primary user=postgres application_name=$STANDBY_NAME"; do
		rm -rf "${PGDATA:?}"/*
		sleep 1
	done
	chmod 700 "$PGDATA"
fi
exec postgres
