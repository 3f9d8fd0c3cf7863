# It dies and is started again by hand while procward is held, or is not there at all.
on alone
needs lighttpd curl
each when before after

program lighttpd
dropin lighttpd.yaml
do mkdir www; echo served >www/index.html; bin/lighttpd -f @WORK@/lighttpd.conf
pid old cat lighttpd.pid
answers http://@IP@:8080/ served
daemon
tracked lighttpd old
older old 3s
pause 1s
signal STOP daemon
do kill -9 @old@ $(pgrep -P @old@)
gone old
until [ @when@ = after ] || bin/lighttpd -f @WORK@/lighttpd.conf
do kill -CONT @daemon@
until [ @when@ = after ] || curl -sf http://@IP@:8080/
message * process=lighttpd event~replaced|recovered
do if [ @when@ = before ]; then ! grep -q . @WORK@/runs 2>/dev/null; fi
answers http://@IP@:8080/ served
pid new cat lighttpd.pid
tracked lighttpd new
quiet 3s
