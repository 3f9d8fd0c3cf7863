# A fast shutdown that nobody has told procward of; when: always means always.
on alone
needs /usr/lib/postgresql/15/bin/postgres psql setpriv
each how INT TERM

dropin name.yaml
do ./initdb
do ./launch
pid old head -1 data/postmaster.pid
daemon
tracked postgresql @old@
older old 3s
signal @how@ old
message down process=postgresql pid=@old@
message * process=postgresql pid=@old@ cause='exited with code 0'
message recovered process=postgresql attempt=1
runs 1
do psql -h @IP@ -U postgres -Atc 'select 1' | grep -x 1
quiet 3s
