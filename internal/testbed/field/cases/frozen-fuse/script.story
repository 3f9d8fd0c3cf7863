# A script lies on a file system that does not answer. It is told and given up; everybody
# else is served as before, and status answers.
needs /usr/bin/python3 /dev/fuse curl

dropin app.yaml
do mkdir dead
start fuse /usr/bin/python3 lib/deadfuse.py @WORK@/dead
until stat dead/script
start frozen /usr/bin/python3 @WORK@/lib/wait.py
do ./launch
answers http://@IP@:8000/ pid
daemon
message found process=app
message found process=frozen
older app 2s
signal KILL frozen
message down process=frozen
pause 1s
do timeout 10 procward status || test $? -eq 1
signal KILL app
message down process=app
message recovered process=app
answers http://@IP@:8000/ pid
do timeout 10 procward status || test $? -eq 1
message given-up process=frozen
pause 2s
signal KILL app
message recovered process=app
signal KILL fuse
