package message

// PW03: restarts.
var (
	Restart = &Kind{
		ID: "PW0301", Event: "restart", Severity: Notice,
		Text:    "restart[, attempt {attempt} of {attempts}][: {detail}]",
		Example: Message{Process: "httpd", Group: "web", Cause: "killed by SIGKILL", Attempt: 1, Attempts: "3"},
		Meaning: "A restart begins now.",
	}
	RestartFailed = &Kind{
		ID: "PW0302", Event: "restart-failed", Severity: Err,
		Text:    "restart failed[, attempt {attempt} of {attempts}][: {detail}]",
		Example: Message{Process: "httpd", Group: "web", Attempt: 1, Attempts: "3", Detail: "not found within start-timeout, which is 30s", Output: "bind: address already in use\n"},
		Meaning: "The restart did not bring the process back, or the process did not stay up for `settle`.",
		Action:  "Read the reason, and what the script wrote, at the end of the message.",
	}
	Recovered = &Kind{
		ID: "PW0303", Event: "recovered", Severity: Notice,
		Text:    "recovered[: {detail}]",
		Example: Message{Process: "httpd", Group: "web", PID: 4720, Attempt: 1, Attempts: "3"},
		Meaning: "The process is up again and has stayed up for `settle`.",
	}
	Exhausted = &Kind{
		ID: "PW0304", Event: "exhausted", Severity: Crit,
		Text:    "exhausted: a restart is needed and no attempt is left[ of {attempts}][: {detail}]",
		Example: Message{Process: "httpd", Group: "web", Attempts: "3"},
		Meaning: "All attempts within the window are used. The ladder begins.",
		Action:  "Find the cause: the messages before this one have what the script wrote.",
	}
	ScriptFailed = &Kind{
		ID: "PW0305", Event: "script-failed", Severity: Warning,
		Text:    "script failed[: {detail}]",
		Example: Message{Process: "httpd", Detail: "exited with code 1", Output: "httpd: syntax error in httpd.conf\n"},
		Meaning: "The restart script failed. Procward still looks whether the process is there.",
		Action:  "Read what the script wrote, at the end of the message.",
	}
	ScriptHangs = &Kind{
		ID: "PW0306", Event: "script-foreground", Severity: Warning,
		Text:    "script stays in the foreground with the process in it[: {detail}]",
		Example: Message{Process: "httpd"},
		Meaning: "The process is up, and its script is still running. Procward does not end the script, because the process could end with it.",
		Action:  "Change the script so that it starts the process in the background, or use `restart.unit`.",
	}
	RestartLater = &Kind{
		ID: "PW0307", Event: "restart-scheduled", Severity: Info,
		Text:    "next restart[, attempt {attempt} of {attempts}][, in {detail}]",
		Example: Message{Process: "httpd", Attempt: 2, Attempts: "3", Detail: "1s"},
		Meaning: "Before the next attempt procward waits for `delay` and `backoff`.",
	}
	Unstarted = &Kind{
		ID: "PW0308", Event: "restart-unstarted", Severity: Err,
		Text:    "restart not begun[, attempt {attempt} of {attempts}][: {detail}]",
		Example: Message{Process: "httpd", Attempt: 1, Attempts: "3", Detail: "fork: resource temporarily unavailable"},
		Meaning: "Procward could not start the script, because the host has no descriptors, processes or memory left; or it could not ask systemd to restart the unit. The attempt is not used. It is tried again, first after a second, then less often. No rung follows.",
		Action:  "Find out what uses up the processes (`TasksMax`, `kernel.pid_max`), the memory or the descriptors of this host. If systemd could not be asked, the message says why.",
	}
	LimitLifted = &Kind{
		ID: "PW0311", Event: "start-limit-lifted", Severity: Warning,
		Text:    "start limit of the unit lifted[: {detail}]",
		Example: Message{Process: "httpd", Detail: "httpd.service: StartLimitBurst=5 in StartLimitIntervalSec=10s"},
		Meaning: "The unit was started so often that systemd refuses further starts (`StartLimitBurst=`). Procward reset this, as `systemctl reset-failed` does, so that its restart is possible. Only `attempts` limits the restarts of procward.",
		Action:  "Find out why the unit ends so often: `journalctl -u UNIT`.",
	}
	Final = &Kind{
		ID: "PW0313", Event: "given-up", Severity: Alert,
		Text:    "given up, without an attempt[: {cause}][: {detail}]",
		Example: Message{Process: "httpd", PID: 4711, Cause: "exited with code 78"},
		Meaning: "The process ended in a way that `restart.final` names, so a restart would not help. No attempt is used, and no rung follows. Procward still watches, and notices when the process is up again.",
		Action:  "Remove the cause, then give `procward recover NAME`, or start the service.",
	}
)

// PW04: groups.
var (
	GroupStop = &Kind{
		ID: "PW0401", Event: "group-stop", Severity: Notice,
		Text:    "the group is being stopped[: {detail}]",
		Example: Message{Group: "web", Detail: "members app, httpd"},
		Meaning: "The stop of a group begins now.",
	}
	GroupStart = &Kind{
		ID: "PW0402", Event: "group-start", Severity: Notice,
		Text:    "the group is being started[: {detail}]",
		Example: Message{Group: "web", Detail: "members app, httpd"},
		Meaning: "The start of a group begins now.",
	}
	GroupFailed = &Kind{
		ID: "PW0403", Event: "group-failed", Severity: Err,
		Text:    "the start or stop of the group failed[: {detail}]",
		Example: Message{Group: "web", Detail: "stop script killed after its timeout, 2m0s"},
		Meaning: "A start or stop script of the group failed or took too long, or a member could not be started or ended.",
		Action:  "Read the reason, and what the script wrote, at the end of the message.",
	}
)
