# postgresql.yaml with Debian's unit.
on systemd
each how KILL INT

do ./install postgresql
do systemctl start postgresql@15-main
pid old head -1 /var/lib/postgresql/15/main/postmaster.pid
daemon
tracked postgresql @old@
signal @how@ old
message down process=postgresql pid=@old@
message recovered process=postgresql attempt=1
messages 1 restart
pid new head -1 /var/lib/postgresql/15/main/postmaster.pid
tracked postgresql new
do systemctl is-active postgresql@15-main
do procward status
