# A parent that serves nowhere by itself but holds the socket, and its workers.
on alone
needs lighttpd curl
each match exe pidfile
each how KILL SEGV

program lighttpd
dropin @match@.yaml
do mkdir www; echo served >www/index.html; bin/lighttpd -f @WORK@/lighttpd.conf
pid old cat lighttpd.pid
answers http://@IP@:8080/ served
daemon
tracked lighttpd @old@
older old 3s
signal @how@ old
message down process=lighttpd pid=@old@ cause~SIG@how@
message recovered process=lighttpd attempt=1
runs 1
pid new cat lighttpd.pid
tracked lighttpd new
answers http://@IP@:8080/ served
quiet 3s
