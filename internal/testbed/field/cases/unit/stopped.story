# systemctl stop is left alone, and its start is credited.
on systemd

dropin app.yaml
do cp app.service /etc/systemd/system; systemctl daemon-reload; systemctl start app
daemon
message found process=app
mark
do systemctl stop app
message foreign-stop process=app
no-message down
no-message restart
mark
do systemctl start app
state app up
no-message restart
