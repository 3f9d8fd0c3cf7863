# postgresql.yaml on a host without systemd, with Debian's cluster.
on alone
needs pg_ctlcluster /var/lib/postgresql/15/main psql setpriv
each how KILL SEGV INT

do ./install postgresql run postgresql
do /etc/procward/scripts/postgresql 15 main
pid old head -1 /var/lib/postgresql/15/main/postmaster.pid
daemon
tracked postgresql @old@
pause 3s
signal @how@ old
message down process=postgresql pid=@old@
message recovered process=postgresql attempt=1
messages 1 restart
pid new head -1 /var/lib/postgresql/15/main/postmaster.pid
tracked postgresql new
do cd /; setpriv --reuid postgres --regid postgres --init-groups psql -Atc 'select 1' | grep -x 1
do procward status
