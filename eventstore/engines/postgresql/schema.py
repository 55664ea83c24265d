"""The tables of ledgers in a PostgreSQL database, and the function that appends to one.

A migration is SQL that is run once, in order; what is here may be in somebody's database, so that
it is never changed, only followed by another. `sql` gives it to an administrator who would rather
read it first.
"""

from __future__ import annotations

LOCK_CLASS = 0x6A6F626C
"""The first key of the advisory locks: "jobl". The second is the number of the ledger."""


def wait_in_line(ledger: int) -> bytes:
    """Return the SQL that waits, within a transaction, until nobody else appends to a ledger. Who
    is stopped in the midst of it keeps the others waiting for a minute at most."""
    return (
        b"SET LOCAL lock_timeout = '30s'; SET LOCAL idle_in_transaction_session_timeout = '60s';"
        b" SELECT pg_advisory_xact_lock(%d, %d)" % (LOCK_CLASS, ledger)
    )


APPLICATION_RIGHTS = """\
GRANT USAGE ON SCHEMA {schema} TO {role};
GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role};
GRANT INSERT ON {schema}.ledgers, {schema}.days, {schema}.records, {schema}.runners TO {role};
GRANT INSERT ON {schema}.sharded, {schema}.claims TO {role};
GRANT UPDATE ON {schema}.runners TO {role};
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} TO {role};
"""

_FIRST = """\
CREATE TABLE {schema}.schema_version (
    version integer PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE {schema}.ledgers (
    ledger integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    ledger_id text NOT NULL,
    timezone text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- The header line of each day, without its newline; its first record.
CREATE TABLE {schema}.days (
    ledger integer NOT NULL REFERENCES {schema}.ledgers,
    day text NOT NULL,
    first_seq bigint NOT NULL,
    header bytea NOT NULL,
    PRIMARY KEY (ledger, day)
);

-- One line a row, without its newline. `ends` is where it ends in the bytes of its day, with it.
-- The primary key is the arbiter: of two who append behind the same record, one violates it.
CREATE TABLE {schema}.records (
    ledger integer NOT NULL,
    seq bigint NOT NULL,
    day text NOT NULL,
    ends bigint NOT NULL,
    job text NOT NULL,
    account text,
    line bytea NOT NULL,
    PRIMARY KEY (ledger, seq)
);

-- Who runs the jobs of a ledger, each by a lease on the clock of this server.
CREATE TABLE {schema}.runners (
    ledger integer NOT NULL REFERENCES {schema}.ledgers,
    runner text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    renewed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    ended_by text,
    PRIMARY KEY (ledger, runner)
);

-- The log is only ever appended to.
CREATE FUNCTION {schema}.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of %.% is refused: a log is only ever appended to',
        TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {schema}.ledgers
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {schema}.days
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {schema}.records
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.refuse_change();

-- Append one write behind the record `after`, whose hash is `after_hash`. Whoever appends waits in
-- one queue, first come, first served; each statement behind the lock sees all that was committed.
--   written  it is, if this transaction is committed
--   behind   somebody was faster; nothing was written
--   lost     the log does not have the record `after` any more, or has another one there
--   lapsed   the lease of `of_runner` has run out; ended: it was ended; nothing was written
--   unsafe   this session would not wait until what it commits is on disk
CREATE FUNCTION {schema}.append(
    of_ledger integer, after bigint, after_hash bytea, of_day text, day_header bytea,
    lines bytea[], line_ends bigint[], jobs text[], accounts text[], of_runner text
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    last_seq bigint;
    last_hash bytea;
    lease record;
BEGIN
    IF current_setting('synchronous_commit') = 'off' THEN
        RETURN 'unsafe';
    END IF;
    PERFORM pg_advisory_xact_lock({lock_class}, of_ledger);
    SELECT seq, substring(line FROM octet_length(line) - 33 FOR 32) INTO last_seq, last_hash
        FROM {schema}.records WHERE ledger = of_ledger ORDER BY seq DESC LIMIT 1;
    IF coalesce(last_seq, 0) > after THEN
        RETURN 'behind';
    ELSIF coalesce(last_seq, 0) < after OR last_hash <> after_hash THEN
        RETURN 'lost';
    END IF;
    IF of_runner IS NOT NULL THEN
        SELECT ended_at, expires_at INTO lease
            FROM {schema}.runners WHERE ledger = of_ledger AND runner = of_runner;
        IF NOT FOUND OR lease.ended_at IS NOT NULL THEN
            RETURN 'ended';
        ELSIF lease.expires_at <= clock_timestamp() THEN
            RETURN 'lapsed';
        END IF;
    END IF;
    IF day_header IS NOT NULL THEN
        INSERT INTO {schema}.days VALUES (of_ledger, of_day, after + 1, day_header);
    END IF;
    IF array_length(lines, 1) = 1 THEN  -- the short way, which is by far the most frequent
        INSERT INTO {schema}.records
            VALUES (of_ledger, after + 1, of_day, line_ends[1], jobs[1], accounts[1], lines[1]);
    ELSE
        INSERT INTO {schema}.records
            SELECT of_ledger, after + place, of_day, ends, job, account, line
            FROM unnest(lines, line_ends, jobs, accounts)
                WITH ORDINALITY AS each_line (line, ends, job, account, place);
    END IF;
    RETURN 'written';
END $$;
"""

_SHARDS = """\
-- How many chains a name has that has several: each is a ledger named NAME/1, NAME/2 and so on.
CREATE TABLE {schema}.sharded (
    name text PRIMARY KEY,
    shards integer NOT NULL CHECK (shards > 1),
    created_at timestamptz NOT NULL DEFAULT now()
);

-- Which chain of a name has an id (of a job, or `schedule:ID`) that is not a random one. The
-- primary key is the arbiter between chains, each of which sees to its own ids.
CREATE TABLE {schema}.claims (
    name text NOT NULL REFERENCES {schema}.sharded,
    job text NOT NULL,
    shard integer NOT NULL,
    PRIMARY KEY (name, job)
);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {schema}.sharded
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {schema}.claims
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.refuse_change();
"""

_MIGRATIONS = (_FIRST, _SHARDS)
VERSION = len(_MIGRATIONS)
"""The version of the tables that this release works with."""


def migrations(schema: str, applied: int = 0) -> list[str]:
    """Return the SQL that brings the tables from version `applied` (0: none there) to `VERSION`."""
    return [
        text.replace("{schema}", schema).replace("{lock_class}", str(LOCK_CLASS))
        + f"\nINSERT INTO {schema}.schema_version VALUES ({number});\n"
        for number, text in enumerate(_MIGRATIONS, 1)
        if number > applied
    ]


def sql(schema: str, role: str | None = None, applied: int = 0) -> str:
    """Return all of it as one script in one transaction, for an administrator; with the rights of
    a `role` that is to add and to run, and not to change anything. Both are names in SQL's form."""
    parts = [f"CREATE SCHEMA IF NOT EXISTS {schema};\n", *migrations(schema, applied)]
    if role is not None:
        parts.append(APPLICATION_RIGHTS.format(schema=schema, role=role))
    return "BEGIN;\n\n" + "\n".join(parts) + "\nCOMMIT;\n"
