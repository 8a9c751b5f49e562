"""What PostgreSQL itself refuses or keeps: append-only history, state counts, the shared cache."""

from __future__ import annotations

from django.db import migrations

# Prune deletes by age and says so for its own transaction; a role of its own would need rights that
# the owner of a database given by DATABASE_URL does not always have.
APPEND_ONLY = """
CREATE FUNCTION drain_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('drainsite.prune', true) = 'on' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER drain_transition_append_only BEFORE UPDATE OR DELETE ON drain_transition
    FOR EACH ROW EXECUTE FUNCTION drain_refuse_change();
CREATE TRIGGER drain_transition_no_truncate BEFORE TRUNCATE ON drain_transition
    FOR EACH STATEMENT EXECUTE FUNCTION drain_refuse_change();
CREATE TRIGGER drain_auditevent_append_only BEFORE UPDATE OR DELETE ON drain_auditevent
    FOR EACH ROW EXECUTE FUNCTION drain_refuse_change();
CREATE TRIGGER drain_auditevent_no_truncate BEFORE TRUNCATE ON drain_auditevent
    FOR EACH STATEMENT EXECUTE FUNCTION drain_refuse_change();
"""
APPEND_ONLY_BACK = """
DROP TRIGGER drain_auditevent_no_truncate ON drain_auditevent;
DROP TRIGGER drain_auditevent_append_only ON drain_auditevent;
DROP TRIGGER drain_transition_no_truncate ON drain_transition;
DROP TRIGGER drain_transition_append_only ON drain_transition;
DROP FUNCTION drain_refuse_change();
"""

# Counts follow the rows whoever writes them: import, engine, admin or a person at psql.
STATE_DELTAS = """
CREATE FUNCTION drain_count_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO drain_statedelta (run_pk, state, delta)
        SELECT run_id, state, count(*) FROM fresh GROUP BY run_id, state;
    RETURN NULL;
END $$;
CREATE FUNCTION drain_count_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO drain_statedelta (run_pk, state, delta)
        SELECT run_id, state, -count(*) FROM gone GROUP BY run_id, state;
    RETURN NULL;
END $$;
CREATE FUNCTION drain_count_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO drain_statedelta (run_pk, state, delta)
        VALUES (OLD.run_id, OLD.state, -1), (NEW.run_id, NEW.state, 1);
    RETURN NULL;
END $$;
CREATE TRIGGER drain_phase_count_inserted AFTER INSERT ON drain_phase
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION drain_count_inserted();
CREATE TRIGGER drain_phase_count_deleted AFTER DELETE ON drain_phase
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION drain_count_deleted();
CREATE TRIGGER drain_phase_count_moved AFTER UPDATE OF state, run_id ON drain_phase
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state OR OLD.run_id IS DISTINCT FROM NEW.run_id)
    EXECUTE FUNCTION drain_count_moved();
"""
STATE_DELTAS_BACK = """
DROP TRIGGER drain_phase_count_moved ON drain_phase;
DROP TRIGGER drain_phase_count_deleted ON drain_phase;
DROP TRIGGER drain_phase_count_inserted ON drain_phase;
DROP FUNCTION drain_count_moved();
DROP FUNCTION drain_count_deleted();
DROP FUNCTION drain_count_inserted();
"""

# Django's database cache wants this shape; losing it in a crash costs one recomputation.
CACHE = """
CREATE UNLOGGED TABLE drain_cache (
    cache_key varchar(255) PRIMARY KEY, value text NOT NULL, expires timestamptz NOT NULL);
CREATE INDEX drain_cache_expires ON drain_cache (expires);
"""
CACHE_BACK = "DROP TABLE drain_cache;"

# Rows that are updated in place many times a second keep their updates within the page (HOT).
FILLFACTOR = """
ALTER TABLE drain_sessionrun SET (fillfactor = 50);
ALTER TABLE drain_sessionfingerprint SET (fillfactor = 70);
ALTER TABLE drain_run SET (fillfactor = 70);
ALTER TABLE drain_drainsession SET (fillfactor = 50);
ALTER TABLE drain_sessionloop SET (fillfactor = 50);
ALTER TABLE drain_workerhost SET (fillfactor = 50);
"""
FILLFACTOR_BACK = """
ALTER TABLE drain_sessionrun RESET (fillfactor);
ALTER TABLE drain_sessionfingerprint RESET (fillfactor);
ALTER TABLE drain_run RESET (fillfactor);
ALTER TABLE drain_drainsession RESET (fillfactor);
ALTER TABLE drain_sessionloop RESET (fillfactor);
ALTER TABLE drain_workerhost RESET (fillfactor);
"""


# Search inside error texts by the beginnings of words. Trigrams would find any substring, but pg_trgm is a
# contrib module that neither the embedded server nor every managed one offers; this works on all of them.
WORDS = """
CREATE FUNCTION drain_words(body text) RETURNS tsvector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN to_tsvector('simple'::regconfig, regexp_replace(left(body, 8000), '[^[:alnum:]]+', ' ', 'g'));
CREATE INDEX drain_phase_failed_words ON drain_phase USING gin (drain_words(last_failure_reason))
    WHERE state = 'FAILED';
"""
WORDS_BACK = """
DROP INDEX drain_phase_failed_words;
DROP FUNCTION drain_words(text);
"""


class Migration(migrations.Migration):
    dependencies = [("drain", "0001_initial")]

    operations = [
        migrations.RunSQL(APPEND_ONLY, APPEND_ONLY_BACK),
        migrations.RunSQL(STATE_DELTAS, STATE_DELTAS_BACK),
        migrations.RunSQL(CACHE, CACHE_BACK),
        migrations.RunSQL(WORDS, WORDS_BACK),
        migrations.RunSQL(FILLFACTOR, FILLFACTOR_BACK),
    ]
