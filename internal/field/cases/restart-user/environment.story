# A script of another user has HOME, USER, LOGNAME and SHELL, as a unit has.
needs /usr/bin/python3 curl
pending scripts of a user have HOME, USER, LOGNAME and SHELL

dropin app.yaml
daemon
message recovered process=app
runs 1
do grep -x '/var/www www-data www-data /usr/sbin/nologin' /tmp/seen
do test "$(stat -c %U /tmp/seen)" = www-data
answers http://@IP@:8000/ pid
