# web-and-db.yaml: each of the three dies.
on alone
needs gcc useradd setpriv nginx pg_ctlcluster /var/lib/postgresql/15/main curl
each victim nginx appserver database

do ./java shop
do ./install web-and-db web db
do /etc/procward/scripts/db start
do /etc/procward/scripts/web start
daemon
state database up
state appserver up
state nginx up
pid old case @victim@ in nginx) cat /run/nginx.pid ;; appserver) pgrep -x java ;; database) head -1 /var/lib/postgresql/15/main/postmaster.pid ;; esac
tracked @victim@ @old@
signal KILL old
message down process=@victim@ pid=@old@
message recovered process=@victim@
no-message rung
answers http://127.0.0.1/
do procward status
messages 1 down
