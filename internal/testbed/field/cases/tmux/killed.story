# A server that lives in a tmux session, also after its restart.
needs tmux /usr/bin/python3 curl
each how KILL SEGV

dropin app.yaml
do ./launch
answers http://@IP@:8000/ pid
pid old pgrep -f ^/usr/bin/python3.@WORK@/lib/serve
daemon
tracked app @old@
older old 2s
signal @how@ old
message down process=app pid=@old@
message * process=app pid=@old@ cause~SIG@how@
message recovered process=app attempt=1
runs 1
answers http://@IP@:8000/ pid
quiet 3s
