# Two applets by link, one program: a third one, and the other, are not what has died.
needs busybox curl
each how KILL SEGV

program busybox
do for a in httpd crond sleep; do ln -s busybox bin/$a; done; mkdir www; echo served >www/index.html
dropin busybox.yaml
do bin/httpd -p @IP@:8000 -h www; ./launch-crond
start other bin/sleep 1000
pid httpd pgrep -f ^bin/httpd.-p.@IP@
pid crond pgrep -f ^@WORK@/bin/crond
daemon
tracked httpd @httpd@
tracked crond @crond@
older crond 3s
signal @how@ httpd
message down process=httpd pid=@httpd@
message recovered process=httpd attempt=1
runs 1
answers http://@IP@:8000/ served
tracked crond crond
messages 1 down
quiet 3s
alive other
