package message

// PW06: stalls.
var (
	Stall = &Kind{
		ID: "PW0601", Event: "stall", Severity: Err,
		Text:    "stalled[: {probe}][: {detail}]",
		Example: Message{Process: "httpd", Group: "web", PID: 4711, Probe: "http", Detail: "status 500 instead of 200"},
		Meaning: "The process is running but does not work: the probe, sign or limit named here is bad.",
		Action:  "Nothing yet: further messages tell what procward does. To find the cause read the evidence (PW0607).",
	}
	ProbeFailed = &Kind{
		ID: "PW0602", Event: "probe-failed", Severity: Notice,
		Text:    "probe fails[: {probe}][: {detail}]",
		Example: Message{Process: "httpd", Group: "web", Probe: "http", Detail: "status 500 instead of 200"},
		Meaning: "A check that was good has failed, but not yet as often as `failures` says.",
	}
	ProbeOK = &Kind{
		ID: "PW0603", Event: "probe-ok", Severity: Notice,
		Text:    "probe is ok again[: {probe}][: {detail}]",
		Example: Message{Process: "httpd", Group: "web", Probe: "http"},
		Meaning: "A check or limit that was bad, failing or unknown is good again.",
	}
	ProbeUnknown = &Kind{
		ID: "PW0604", Event: "probe-unknown", Severity: Warning,
		Text:    "probe cannot tell[: {probe}][: {detail}]",
		Example: Message{Process: "httpd", Probe: "http", Detail: "the host is under pressure"},
		Meaning: "The check could not find out whether the service is good or bad. This does not count as a failure, and nothing is restarted.",
		Action:  "Read in the message what prevents the check, and correct it.",
	}
	ProbeSlow = &Kind{
		ID: "PW0605", Event: "probe-slow", Severity: Warning,
		Text:    "probe is slow[: {probe}][: {detail}]",
		Example: Message{Process: "httpd", Probe: "http", Detail: "it took 4.5s of 5s"},
		Meaning: "A check took more than 80 % of its timeout, or it began much too late; the message says which.",
		Action:  "Find out why the service answers slowly, or raise the `timeout` of the check. If checks begin late because many programs hang, use a shorter `timeout` or a longer `interval`.",
	}
	ProbeBad = &Kind{
		ID: "PW0606", Event: "probe-bad", Severity: Warning,
		Text:    "a sign is bad[: {probe}][: {detail}]",
		Example: Message{Process: "httpd", PID: 4711, Probe: "fds", Detail: "95 % of 1024"},
		Meaning: "A check, sign or limit is bad, and nothing is restarted for it: it has `action: report`, or the process is known to be stalled already.",
		Action:  "Look at the process yourself.",
	}
	EvidenceKept = &Kind{
		ID: "PW0607", Event: "evidence", Severity: Notice,
		Text:    "evidence of the stall is written[: {detail}]",
		Example: Message{Process: "httpd", Detail: "/var/lib/procward/evidence/httpd-20261122T032401.417233Z.txt"},
		Meaning: "Before a stalled process was ended, procward wrote what it could see of it into this file.",
		Action:  "Read the file to find the cause of the stall. Copy it if you need it longer: procward removes the oldest files.",
	}
	EvidenceFailed = &Kind{
		ID: "PW0608", Event: "evidence-failed", Severity: Warning,
		Text:    "evidence of the stall is not complete[: {detail}]",
		Example: Message{Process: "httpd", Detail: "no space left on device"},
		Meaning: "A part of the evidence could not be read or written. The restart goes on without it.",
		Action:  "Read the reason. Without room below the state directory there is no evidence at the next stall either.",
	}
	MonitorFailed = &Kind{
		ID: "PW0609", Event: "monitor-failed", Severity: Err,
		Text:    "monitor failed[: {probe}][: {detail}]",
		Example: Message{Monitor: "port", Probe: "tcp", Detail: "connection refused"},
		Meaning: "What the monitor checks is bad.",
		Action:  "Nothing yet: further messages tell what procward does. With `action: report` nothing follows: look yourself.",
	}
	MonitorOK = &Kind{
		ID: "PW0610", Event: "monitor-ok", Severity: Notice,
		Text:    "monitor is ok again[: {detail}]",
		Example: Message{Monitor: "port"},
		Meaning: "What the monitor checks is good again.",
	}
	MonitorRecover = &Kind{
		ID: "PW0611", Event: "monitor-recover", Severity: Notice,
		Text:    "recovery for a monitor[, attempt {attempt} of {attempts}][: {detail}]",
		Example: Message{Monitor: "port", Attempt: 1, Attempts: "3", Detail: "restart of httpd"},
		Meaning: "The monitor is bad, so the process or group that its key `recover` names is restarted now.",
	}
	MonitorNoHelp = &Kind{
		ID: "PW0612", Event: "monitor-recover-failed", Severity: Err,
		Text:    "recovery for a monitor did not help[, attempt {attempt} of {attempts}][: {detail}]",
		Example: Message{Monitor: "port", Attempt: 1, Attempts: "3", Detail: "connection refused"},
		Meaning: "What `recover` names was restarted and the monitor is still bad, or it could not be restarted.",
		Action:  "Find the cause. It may be somewhere else than in what is restarted.",
	}
	MonitorSkipped = &Kind{
		ID: "PW0613", Event: "monitor-skipped", Severity: Notice,
		Text:    "recovery for a monitor is put off[: {detail}]",
		Example: Message{Monitor: "port", Detail: "monitor link, which fails"},
		Meaning: "The monitor is bad, but for the reason given nothing is restarted now. No attempt is used.",
	}
)

// PW07: the host.
var (
	WatchdogStarves = &Kind{
		ID: "PW0701", Event: "watchdog-unfed", Severity: Alert,
		Text:    "the watchdog device is not fed[: {detail}]",
		Example: Message{Detail: "the engine has made no progress for 10s"},
		Meaning: "Procward, or the user space of the host, makes no progress, so procward does not feed the watchdog device. If this goes on the device resets the machine. This message is in the kernel's log too.",
		Action:  "Look at the host at once. The message says what hangs.",
	}
	WatchdogFed = &Kind{
		ID: "PW0702", Event: "watchdog-fed", Severity: Notice,
		Text:    "the watchdog device is fed again",
		Meaning: "The reason why the watchdog device was not fed is gone.",
	}
	UserspaceStalls = &Kind{
		ID: "PW0703", Event: "userspace-stalled", Severity: Err,
		Text:    "the user space stalls[: {detail}]",
		Example: Message{Detail: "user space: no process can be started: resource temporarily unavailable"},
		Meaning: "The test of `daemon.userspace` failed: no process, no thread or no small write is possible. As long as this is so the watchdog device is not fed.",
		Action:  "Find out what has taken all PIDs or all memory, or what makes the disk hang.",
	}
	UserspaceWorks = &Kind{
		ID: "PW0704", Event: "userspace-ok", Severity: Notice,
		Text:    "the user space works again",
		Meaning: "The tests of `daemon.userspace` succeed again.",
	}
)
