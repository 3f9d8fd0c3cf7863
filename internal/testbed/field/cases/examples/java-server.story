# java-server.yaml.
on alone
needs gcc useradd setpriv
each how KILL SEGV

do ./java orders
do ./install java-server java-server
do APP_HOME=/opt/orders APP_JAR=/opt/orders/orders.jar APP_LOG=/var/log/orders/console.log setpriv --reuid orders --regid orders --clear-groups /etc/procward/scripts/java-server
pid old pgrep -x java
daemon
tracked orders @old@
signal @how@ old
message down process=orders pid=@old@
message * process=orders pid=@old@ cause~SIG@how@
message recovered process=orders attempt=1
messages 1 restart
pid new pgrep -x java -u orders
tracked orders new
do procward status
