#!/bin/sh
# Run once by the image of the primary, before its standby is there: that one may follow it, and
# workers have a role and a database.
set -eu
echo "host replication postgres samenet trust" >>"$PGDATA/pg_hba.conf"
PGOPTIONS="-c synchronous_commit=local" psql --username postgres \
	--command "CREATE ROLE worker LOGIN" --command "CREATE DATABASE posts OWNER worker"
