# web-and-db.yaml, stopped and started by the operator: nothing counts as a failure.
on alone
needs gcc useradd setpriv nginx pg_ctlcluster /var/lib/postgresql/15/main curl

do ./java shop
do ./install web-and-db web db
do /etc/procward/scripts/db start
do /etc/procward/scripts/web start
daemon
state nginx up
state database up
do procward stop web
do test ! -e /run/nginx.pid; ! pgrep -x java
do procward start web
state nginx up
state appserver up
answers http://127.0.0.1/
no-message down
no-message restart
do procward status
