package message

// PW02: processes.
var (
	Down = &Kind{
		ID: "PW0201", Event: "down", Severity: Err,
		Text:    "down[: {cause}][: {detail}]",
		Example: Message{Process: "httpd", Group: "web", PID: 4711, Cause: "killed by SIGKILL"},
		Meaning: "The process has ended. Procward looked a second time and found fewer than `count.min` processes.",
		Action:  "Nothing yet: further messages tell what procward does. If it happens often, find the cause of death.",
	}
	Found = &Kind{
		ID: "PW0202", Event: "found", Severity: Notice,
		Text:    "found[: {detail}]",
		Example: Message{Process: "httpd", Group: "web", PID: 4711},
		Meaning: "A scan found the process. From now on it is tracked by its PID.",
	}
	Replaced = &Kind{
		ID: "PW0203", Event: "replaced", Severity: Notice,
		Text:    "replaced[: {detail}][; the former one: {cause}]",
		Example: Message{Process: "httpd", PID: 4720, Detail: "it took the place of pid 4711: it was started after the death", Cause: "exited with code 0"},
		Meaning: "The process has ended, and another one took its place without procward. No script runs and no attempt is counted.",
	}
	Absent = &Kind{
		ID: "PW0204", Event: "absent", Severity: Warning,
		Text:    "absent: no process matches[: {detail}]",
		Example: Message{Process: "httpd", Group: "web"},
		Meaning: "No process matches, and none was tracked before. What follows is what the key `absent` says.",
		Action:  "If the process does run, correct the match: `procward scan NAME` shows why it does not match.",
	}
	Excess = &Kind{
		ID: "PW0205", Event: "excess", Severity: Warning,
		Text:    "too many processes[: {detail}]",
		Example: Message{Process: "worker", Detail: "5 match, at most 4 are wanted (pids 4711, 4712, 4713, 4714, 4715)"},
		Meaning: "More processes match than `count.max` allows.",
		Action:  "Stop the ones that are too many, or raise `count.max`.",
	}
	Unreadable = &Kind{
		ID: "PW0206", Event: "unreadable", Severity: Warning,
		Text:    "a process cannot be read[: {detail}]",
		Example: Message{Process: "httpd", Detail: "exe of pid 4711 (httpd): permission denied; nothing is done while in doubt"},
		Meaning: "A process that may match could not be read. As long as this is so nothing is restarted.",
		Action:  "Run procward as root, or make the match narrower.",
	}
	CauseKnown = &Kind{
		ID: "PW0207", Event: "cause", Severity: Info,
		Text:    "cause of death[: {cause}][: {detail}]",
		Example: Message{Process: "httpd", PID: 4711, Cause: "killed by SIGSEGV, core dumped", ExitSignal: "SIGSEGV", Core: true},
		Meaning: "A death was reported before, and now its cause is known.",
	}
	UnitStopped = &Kind{
		ID: "PW0208", Event: "foreign-stop", Severity: Notice,
		Text:    "stopped from outside procward[: {detail}]",
		Example: Message{Process: "httpd", PID: 4711, Cause: "exited with code 0", Detail: "httpd.service: systemd has a stop job for it"},
		Meaning: "Somebody told systemd to stop or restart the unit of the process. Procward does nothing until the unit is active again.",
	}
	Orphans = &Kind{
		ID: "PW0209", Event: "orphans", Severity: Warning,
		Text:    "orphans left behind[: {detail}]",
		Example: Message{Process: "nginx", Detail: "pid 4712 (nginx): a worker of the dead pid 4711: forked from it, with the same layout; serves at tcp 0.0.0.0:80; it is ended before a restart"},
		Meaning: "Workers of the dead process are still running; the message gives the proof for each. They do not count as the process. The key `restart.orphans` says which of them are ended before the restart.",
		Action:  "Nothing, if they are ended before the restart. If the restart fails because they hold a port, use `restart.orphans: kill` or `restart.unit`.",
	}
	Ended = &Kind{
		ID: "PW0210", Event: "ended", Severity: Notice,
		Text:    "ended cleanly[: {cause}][: {detail}]",
		Example: Message{Process: "batch", PID: 4711, Cause: "exited with code 0"},
		Meaning: "With `when: abnormal` this end counts as clean, so the process is not restarted. Procward waits until it is back.",
		Action:  "Nothing, if this end was intended. Else correct `restart.clean`, or use `when: always`.",
	}
	Lost = &Kind{
		ID: "PW0211", Event: "exited", Severity: Warning,
		Text:    "one of several has ended[: {cause}][: {detail}]",
		Example: Message{Process: "worker", PID: 4713, Cause: "killed by SIGSEGV", ExitSignal: "SIGSEGV", Detail: "3 are left, 2 are needed"},
		Meaning: "One of several processes has ended, and enough are left. Nothing is restarted.",
		Action:  "If it happens often, find the cause of death.",
	}
	Returned = &Kind{
		ID: "PW0212", Event: "returned", Severity: Notice,
		Text:    "returned by itself[: {detail}]",
		Example: Message{Process: "httpd", Group: "web", PID: 4720},
		Meaning: "The process is up again, and procward did not start it.",
	}
	Held = &Kind{
		ID: "PW0213", Event: "held", Severity: Notice,
		Text:    "the restart has to wait[: {detail}]",
		Example: Message{Process: "httpd", Group: "web", Detail: "group db is not up"},
		Meaning: "This group depends on another one that is down or being restarted. Procward restarts nothing here before that one is up.",
		Action:  "Look at the messages of the group that is named.",
	}
	Killed = &Kind{
		ID: "PW0214", Event: "killed", Severity: Notice,
		Text:    "procward has ended a process[: {detail}]",
		Example: Message{Process: "httpd", Group: "web", PID: 4711, Detail: "ended"},
		Meaning: "Procward sent the signal of `kill`. `ended`: the process ended within `kill.timeout`. `killed`: it did not, and got SIGKILL.",
	}
	Unkillable = &Kind{
		ID: "PW0215", Event: "unkillable", Severity: Err,
		Text:    "procward cannot end a process[: {detail}]",
		Example: Message{Process: "httpd", PID: 4711, Detail: "unkillable"},
		Meaning: "`unkillable`: the process is still there some seconds after SIGKILL. Any other text is the reason why no signal could be sent.",
		Action:  "Look whether the process is in state D (`ps -o pid,stat,wchan -p PID`): it waits for a disk or a network file system, and often only a reboot helps. If no signal could be sent, procward tries it again with the next attempt.",
	}
	Fewer = &Kind{
		ID: "PW0216", Event: "fewer", Severity: Warning,
		Text:    "fewer than wanted[: {detail}]",
		Example: Message{Process: "worker", Detail: "1 of 2 are there"},
		Meaning: "Some processes match, but fewer than `count.min`, and this was so when procward began to watch. What follows is what the key `absent` says.",
		Action:  "If enough of them do run, correct the match: `procward scan NAME` shows what it selects.",
	}
	LetBe = &Kind{
		ID: "PW0217", Event: "let-be", Severity: Notice,
		Text:    "left alone[: {detail}]",
		Example: Message{Process: "sshd", Detail: "pid 4801 (sshd): a session of the dead one: it has a connection at tcp 0.0.0.0:22, and does not listen there"},
		Meaning: "A process looks like the dead one but did not take over its work: for example a session or a job that it had started. Procward does not count it and does nothing to it.",
	}
	Stranger = &Kind{
		ID: "PW0218", Event: "stranger", Severity: Warning,
		Text:    "another program matches[: {detail}]",
		Example: Message{Process: "myapp", Detail: "pid 4830 (tail): another program at a terminal: /usr/bin/tail, not /usr/bin/python3.11"},
		Meaning: "A process that matches runs another program than the dead one did, at somebody's terminal: for example an editor. Procward does not count it and does nothing to it.",
		Action:  "Make the match narrower: add `exe` or `not-args`.",
	}
	Doubled = &Kind{
		ID: "PW0219", Event: "doubled", Severity: Warning,
		Text:    "there are more than before[: {detail}]",
		Example: Message{Process: "httpd", PID: 4731, Detail: "2, and 1 before the restart: pid 4731 (httpd), child of pid 1; pid 4720 (httpd), child of pid 4702 (runsv)"},
		Meaning: "After a restart there are more processes than before. Perhaps somebody else has started one as well.",
		Action:  "See by the parents who started each of them. Only one program may be in charge of restarts.",
	}
	Shared = &Kind{
		ID: "PW0220", Event: "shared", Severity: Warning,
		Text:    "another name has the same process[: {detail}]",
		Example: Message{Process: "httpd", PID: 4711, Detail: "apache and httpd both select pid 4711 (httpd)"},
		Meaning: "Two names select the same process. After its death both would restart it.",
		Action:  "Make one of the matches narrower, or remove one of the names.",
	}
	Untold = &Kind{
		ID: "PW0221", Event: "untold", Severity: Warning,
		Text:    "the successor is not certain[: {detail}]",
		Example: Message{Process: "httpd", PID: 4720, Detail: "pid 4720 (httpd): taken as the successor, because it is not known what it is: it is not known that pid 4711 has served anywhere, its parent is pid 1"},
		Meaning: "Procward cannot prove whether this process took over the work of the dead one. It assumes so and does not restart, because a wrong restart does more harm.",
		Action:  "Check whether the process does the work. If not, end it: procward then restarts.",
	}
	DownQuiet = &Kind{
		ID: "PW0226", Event: "down", Severity: Notice,
		Text:    "down[: {cause}][: {detail}]",
		Example: Message{Process: "httpd", PID: 4711, Cause: "exited with code 0", Detail: "suspended: the host is being shut down"},
		Meaning: "The process has ended while it was suspended: by an operator, or because the host is being shut down. Nothing is restarted.",
	}
	Rival = &Kind{
		ID: "PW0228", Event: "rival", Severity: Warning,
		Text:    "its parent restarts it as well[: {detail}]",
		Example: Message{Process: "httpd", PID: 4711, Detail: "it is a child of runsv (pid 502, of runit), so that two restarters fight"},
		Meaning: "The process is a child of a supervisor, which starts it again by itself. Two restarters fight.",
		Action:  "Let only one of them restart it. With `attempts: 0` procward does not restart; it only watches and escalates.",
	}
)
