# procward is killed, then the master. The next procward knows its workers; but how it has
# ended nobody knows, so they are told and not ended: they may have been left on purpose.
needs nginx curl
each match pidfile exe
each how KILL SEGV

program nginx
dropin @match@.yaml
do bin/nginx -c @WORK@/nginx.conf
pid old cat nginx.pid
pid worker pgrep -P @old@
daemon
tracked nginx @old@
older old 5s
pause 2s
signal KILL daemon
ended daemon SIGKILL
signal @how@ old
gone old
alive worker
daemon
message down process=nginx pid=@old@
message orphans process=nginx message~'a worker of the dead pid @old@'
no-message replaced
no-message killed
alive worker
answers http://@IP@:8080/ served
