# As nginx: the workers hold the port. At a reload (USR2) the master executes itself
# anew and puts itself into the background again: another PID, and no death.
needs /usr/sbin/php-fpm8.2
each match pidfile exe
each when fresh reloaded
each how KILL SEGV

program php-fpm /usr/sbin/php-fpm8.2
dropin @match@.yaml
do bin/php-fpm -D -y fpm.conf
pid old cat fpm.pid
pid first pgrep -P @old@
daemon
tracked php-fpm @old@
older old 5s
do if [ @when@ = reloaded ]; then kill -USR2 @old@; until ! kill -0 @first@; do sleep 0.05; done; until [ "$(cat fpm.pid)" -ne @old@ ]; do sleep 0.05; done; fi
pid now cat fpm.pid
pid worker pgrep -P @now@
tracked php-fpm now
pause 1s
signal @how@ now
message down process=php-fpm pid=@now@
message * process=php-fpm pid=@now@ cause~SIG@how@
message recovered process=php-fpm attempt=1
gone worker
runs 1
messages 1 restart
pid new cat fpm.pid
tracked php-fpm new
pid next pgrep -P @new@
do /usr/bin/python3 lib/connect.py @IP@ 9000
quiet 3s
