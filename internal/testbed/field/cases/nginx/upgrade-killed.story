# During an upgrade the old master dies, while the new one serves already: that is its
# heir, and nothing is run or ended.
needs nginx curl
each match pidfile exe
each how KILL SEGV

program nginx
dropin @match@.yaml
do bin/nginx -c @WORK@/nginx.conf
pid old cat nginx.pid
daemon
tracked nginx @old@
older old 5s
do kill -USR2 @old@
pid new test -e nginx.pid.oldbin && cat nginx.pid
pid worker pgrep -P @new@
signal @how@ old
message replaced process=nginx
tracked nginx new
alive new worker
runs 0
no-message down
no-message killed
answers http://@IP@:8080/ served
pause 5s
runs 0
alive new worker
