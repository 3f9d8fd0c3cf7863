# A server under a program that runs it, whose arguments match as well. When that is killed, the server
# serves on: it is not told from a successor. When the server is killed, the other ends with it.
needs /usr/bin/python3 curl flock timeout runuser
each wrap flock timeout runuser
each who server root

dropin app.yaml
do ./launch
answers http://@IP@:8000/ pid
pid server pgrep -f ^/usr/bin/python3.@WORK@/lib/serve
pid root ps -o ppid= -p @server@
daemon
tracked app @root@
older server 3s
signal KILL @who@
gone root
message * process=app event~untold|recovered
answers http://@IP@:8000/ pid
quiet 3s
