# A prefork server: the workers hold the port. A graceful restart replaces them.
on alone
needs apache2 curl
each match pidfile exe
each when fresh graceful
each how KILL SEGV

program apache2
dropin @match@.yaml
do mkdir www; echo served >www/index.html; bin/apache2 -f @WORK@/apache.conf -k start
pid old cat apache.pid
answers http://@IP@:8080/ served
pid first pgrep -P @old@
daemon
tracked apache @old@
older old 3s
do if [ @when@ = graceful ]; then bin/apache2 -f @WORK@/apache.conf -k graceful; until ! kill -0 @first@; do sleep 0.05; done; fi
answers http://@IP@:8080/ served
pid worker pgrep -P @old@
signal @how@ old
message down process=apache pid=@old@
message * process=apache pid=@old@ cause~SIG@how@
message recovered process=apache attempt=1
gone worker
runs 1
pid new cat apache.pid
tracked apache new
answers http://@IP@:8080/ served
quiet 3s
