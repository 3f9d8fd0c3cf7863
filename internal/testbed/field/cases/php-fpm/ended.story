# Asked to end.
needs /usr/sbin/php-fpm8.2
each how TERM QUIT

program php-fpm /usr/sbin/php-fpm8.2
dropin pidfile.yaml
do bin/php-fpm -D -y fpm.conf
pid old cat fpm.pid
daemon
tracked php-fpm @old@
older old 3s
signal @how@ old
message down process=php-fpm pid=@old@
message * process=php-fpm pid=@old@ cause='exited with code 0'
message recovered process=php-fpm attempt=1
runs 1
do /usr/bin/python3 lib/connect.py @IP@ 9000
quiet 3s
