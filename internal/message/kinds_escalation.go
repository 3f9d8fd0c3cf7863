package message

// PW05: escalation.
var (
	RungAsked = &Kind{
		ID: "PW0501", Event: "rung", Severity: Crit,
		Text:    "escalation: {rung}[: {detail}]",
		Example: Message{Group: "web", Rung: "reboot", Detail: "group web: httpd is down: killed by SIGKILL, 3 of 3 attempts in 24h are spent"},
		Meaning: "Restarts did not help. This rung of the ladder begins now.",
		Action:  "Find the cause of the outage.",
	}
	RungFailed = &Kind{
		ID: "PW0502", Event: "rung-failed", Severity: Err,
		Text:    "escalation failed: {rung}[: {detail}]",
		Example: Message{Group: "web", Rung: "restart-group", Detail: "no recovery within its wait, which is 1m"},
		Meaning: "The action of the rung failed, or nothing had recovered when its `wait` was over. The next rung follows.",
		Action:  "Read the reason, and what the script wrote, at the end of the message.",
	}
	RungRefused = &Kind{
		ID: "PW0503", Event: "rung-refused", Severity: Err,
		Text:    "escalation refused: {rung}[: {detail}]",
		Example: Message{Group: "web", Rung: "reboot", Detail: "reboot-limit is spent: 3 of 3 in 24h"},
		Meaning: "Procward does not carry out this rung, for the reason given. The next rung follows.",
		Action:  "Remove the cause of the outage by hand. The message says why procward does not act.",
	}
	GivenUp = &Kind{
		ID: "PW0504", Event: "given-up", Severity: Alert,
		Text:    "given up[: {detail}]",
		Example: Message{Group: "web", Detail: "httpd is down: killed by SIGKILL, 3 of 3 attempts in 24h are spent"},
		Meaning: "The last rung was climbed, and procward does nothing more. It still watches, and notices when the process is up again.",
		Action:  "Remove the cause, then give `procward recover NAME`. Or start the service: procward notices, and restarts it again when it fails.",
	}
	Reminder = &Kind{
		ID: "PW0505", Event: "given-up", Severity: Alert,
		Text:    "still given up[: {detail}]",
		Example: Message{Group: "web", Detail: "httpd is down: killed by SIGKILL, 3 of 3 attempts in 24h are spent"},
		Meaning: "Repeated every `remind`, as long as nothing has changed.",
		Action:  "Remove the cause and start the service: procward notices, and restarts it again when it fails.",
	}
	HandedOver = &Kind{
		ID: "PW0506", Event: "handed-over", Severity: Crit,
		Text:    "handed over by the hook[: {detail}]",
		Example: Message{Group: "web", Rung: "hook"},
		Meaning: "The hook ended with exit code 0: somebody else, for example the cluster, is in charge of the group now. No later rung runs.",
		Action:  "To get it back, start it here: procward notices, and restarts it again when it fails.",
	}
	ClimbEnds = &Kind{
		ID: "PW0507", Event: "climb-ended", Severity: Notice,
		Text:    "escalation ends[ before {rung}][: {detail}]",
		Example: Message{Group: "web", Rung: "reboot", Detail: "all required members are up"},
		Meaning: "Everything that is required is up again, so no further rung runs.",
	}
	RetryAfter = &Kind{
		ID: "PW0508", Event: "retry-after", Severity: Notice,
		Text:    "tried again from the bottom[, {detail} after giving up]",
		Example: Message{Group: "web", Detail: "10m"},
		Meaning: "The time `retry-after` has passed since procward gave up. All attempts are available again, and it begins with a restart.",
	}
	RungHalted = &Kind{
		ID: "PW0509", Event: "rung-halted", Severity: Notice,
		Text:    "escalation halts[ before {rung}][: {detail}]",
		Example: Message{Group: "web", Rung: "reboot", Detail: "suspended: by root (user id 0)"},
		Meaning: "The next rung does not run, because procward or the group is suspended.",
		Action:  "Give `procward resume` when the escalation may go on.",
	}
	RungPassed = &Kind{
		ID: "PW0510", Event: "rung-passed", Severity: Notice,
		Text:    "escalation goes on after {rung}[: {detail}]",
		Example: Message{Group: "web", Rung: "hook", Detail: "the hook asks for the next rung"},
		Meaning: "The hook ended with exit code 75: the next rung follows.",
	}
	RungWaits = &Kind{
		ID: "PW0511", Event: "rung-waits", Severity: Warning,
		Text:    "escalation waits before {rung}[: {detail}]",
		Example: Message{Group: "web", Rung: "reboot", Detail: "the machine is up for less than reboot-limit.min-uptime, 10m; again in 4m12s"},
		Meaning: "The rung would end the machine, and it is too early: the machine has only just booted, or another such rung is in progress. When the time has come procward looks first whether the rung is still needed. Or the monitor whose ladder this is cannot be judged at the moment, so that nobody knows whether the rung is needed.",
		Action:  "Remove the cause before that time: if everything is up again the rung does not run. `procward status` shows until when it waits.",
	}
	MachineEnded = &Kind{
		ID: "PW0512", Event: "machine-ended", Severity: Notice,
		Text:    "procward restarted or shut down this machine[, by {rung}][: {detail}]",
		Example: Message{Rung: "reboot", Detail: "asked for at 2026-11-22T03:24:01Z: group web: httpd is down: killed by SIGKILL, 3 of 3 attempts in 24h are spent"},
		Meaning: "Procward ended the boot before this one with this rung, for the reason given. After `shutdown` somebody has switched the machine on again.",
		Action:  "Find the cause of the outage. `procward status` shows how many such rungs are left.",
	}
	MachineStayed = &Kind{
		ID: "PW0513", Event: "machine-stayed", Severity: Err,
		Text:    "the machine is still running after {rung}[: {detail}]",
		Example: Message{Rung: "reboot", Detail: "asked for at 2026-11-22T03:24:01Z: group web: httpd is down"},
		Meaning: "Procward began a rung that ends the machine. Then procward itself ended, and the machine did not. The rung counts all the same.",
		Action:  "Look in the kernel's log to see what was tried.",
	}
	MachineStep = &Kind{
		ID: "PW0514", Event: "machine-step", Severity: Notice,
		Text:    "ending the machine[: {detail}]",
		Example: Message{Detail: "sync: done"},
		Meaning: "One step of a rung that ends the machine was done, or failed, or something that it needs is not as it should be.",
		Action:  "Nothing: procward tries the steps one after the other, the orderly one first.",
	}
)
