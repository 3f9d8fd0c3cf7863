# The arbiter is asked to end, by somebody who does not tell procward: it is down, and started again.
on alone
needs gunicorn curl /usr/lib/python3/dist-packages/setproctitle*

dropin args.yaml
do ./launch
pid old cat gunicorn.pid
until ps -o args= -p @old@ | grep ^gunicorn:
answers http://@IP@:8000/ served
daemon
tracked gunicorn @old@
older old 3s
signal TERM old
message down process=gunicorn pid=@old@
message * process=gunicorn pid=@old@ cause='exited with code 0'
message recovered process=gunicorn attempt=1
runs 1
answers http://@IP@:8000/ served
quiet 3s
