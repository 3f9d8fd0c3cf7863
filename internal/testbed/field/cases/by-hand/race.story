# An operator starts it by hand in the moment of its death. That fails, as the workers hold the port,
# and matches for a moment; procward ends the workers all the same.
on alone
needs lighttpd curl

program lighttpd
dropin lighttpd.yaml
do mkdir www; echo served >www/index.html; bin/lighttpd -f @WORK@/lighttpd.conf
pid old cat lighttpd.pid
answers http://@IP@:8080/ served
daemon
tracked lighttpd old
older old 3s
pause 1s
do kill -9 @old@; for i in 1 2 3; do bin/lighttpd -f @WORK@/lighttpd.conf || true; done
message recovered process=lighttpd
until ! test $(pgrep -x lighttpd | wc -l) -gt 3
answers http://@IP@:8080/ served
state lighttpd up
quiet 2s
