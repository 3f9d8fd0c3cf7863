# The postmaster dies while a client is connected. Its children see it and end, and until then no new one can start: hence the delay.
on alone
needs /usr/lib/postgresql/15/bin/postgres psql setpriv
each match name pidfile
each how KILL SEGV

dropin @match@.yaml
do ./initdb
do ./launch
pid old head -1 data/postmaster.pid
start client psql -h @IP@ -U postgres -c 'select pg_sleep(1000)'
until psql -h @IP@ -U postgres -Atc "select 1 from pg_stat_activity where query like '%pg_sleep(1000)' and pid <> pg_backend_pid()" | grep 1
daemon
tracked postgresql @old@
older old 5s
signal @how@ old
message down process=postgresql pid=@old@
message * process=postgresql pid=@old@ cause~SIG@how@
message recovered process=postgresql
pid new head -1 data/postmaster.pid
tracked postgresql new
do psql -h @IP@ -U postgres -Atc 'select 1' | grep -x 1
quiet 3s
