# su waits for what it runs, and matches as well: it is the root of the two.
needs su /usr/bin/python3 curl
each how KILL SEGV

dropin app.yaml
do ./launch
answers http://@IP@:8000/ pid
pid server pgrep -f ^/usr/bin/python3.@WORK@/lib/serve
pid su ps -o ppid= -p @server@
daemon
tracked app @su@
older su 2s
signal @how@ server
message down process=app pid=@su@
message recovered process=app attempt=1
runs 1
answers http://@IP@:8000/ pid
quiet 3s
