-- What was applied is no secret between our processes: the internal edge tells it.
grant select on schema_migrations to tongbo_writer, tongbo_auditor;
