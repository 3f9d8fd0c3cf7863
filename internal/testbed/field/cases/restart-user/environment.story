# A script of another user has HOME, USER, LOGNAME and SHELL, as a unit has.
needs /usr/bin/python3 curl useradd

do useradd -m -s /bin/sh fielder
dropin app.yaml
daemon
message recovered process=app
runs 1
do grep -x '/home/fielder fielder fielder /bin/sh' /tmp/seen
do test "$(stat -c %U /tmp/seen)" = fielder
answers http://@IP@:8000/ pid
