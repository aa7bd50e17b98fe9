-- For psql, as a superuser: brings roles, their passwords and the databases to what the system needs. Run again,
-- it gives the roles the passwords that are in the files now. `secrets` is the folder of the files.

\set owner_password `cat :'secrets'/jcan_owner_password`
\set application_password `cat :'secrets'/jcan_database_password`
\set temporal_password `cat :'secrets'/temporal_database_password`

SELECT format('CREATE ROLE %I', name) FROM unnest(ARRAY['jcan_owner', 'jcan_app', 'temporal']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec

-- The owner runs the migrations, the application works with the tables. It owns nothing: what it may do to each
-- table, `python -m records.migrate --application jcan_app` says after the migrations.
ALTER ROLE jcan_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'owner_password';
ALTER ROLE jcan_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'application_password';
ALTER ROLE temporal LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'temporal_password';

SELECT format(
    'CREATE DATABASE %I OWNER %I TEMPLATE template0 ENCODING ''UTF8'' LOCALE_PROVIDER builtin BUILTIN_LOCALE ''C.UTF-8'' LOCALE ''C''',
    name, owner
)
FROM (VALUES ('jcan', 'jcan_owner'), ('temporal', 'temporal'), ('temporal_visibility', 'temporal')) AS wanted (name, owner)
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = name)
\gexec

REVOKE ALL ON DATABASE jcan, temporal, temporal_visibility, postgres, template1 FROM PUBLIC;
GRANT CONNECT ON DATABASE jcan TO jcan_app;
