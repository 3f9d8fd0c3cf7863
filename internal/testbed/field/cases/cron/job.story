# cron dies while a job runs. The child that waits for the job is no cron, and the job is
# somebody's work: both are left alone.
needs cron
each match exe pidfile
each how KILL SEGV TERM

program cron
dropin @match@.yaml
do rm -f /etc/cron.d/*; echo '@reboot root echo $$ >@WORK@/job; exec sleep 1000' >/etc/cron.d/job
do bin/cron
pid old cat /run/crond.pid
pid job cat job
pid child pgrep -P @old@
daemon
tracked cron @old@
older old 5s
signal @how@ old
message down process=cron pid=@old@
message recovered process=cron attempt=1
runs 1
pid new cat /run/crond.pid
tracked cron new
alive job child
no-message killed
quiet 3s
alive job child
