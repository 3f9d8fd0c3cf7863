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
signal KILL daemon
ended daemon SIGKILL
do kill -9 @old@ $(pgrep -P @old@)
gone old
until [ @when@ = after ] || bin/lighttpd -f @WORK@/lighttpd.conf
daemon
message * process=lighttpd event~found|replaced|recovered
answers http://@IP@:8080/ served
pid new cat lighttpd.pid
tracked lighttpd new
quiet 3s
