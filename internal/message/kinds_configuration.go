package message

// PW08: configuration.
var (
	ConfigLoaded = &Kind{
		ID: "PW0801", Event: "config-loaded", Severity: Notice,
		Text:    "configuration loaded[: {detail}]",
		Example: Message{Detail: "processes: 3, groups: 1, drop-ins: 2, rejected: 0"},
		Meaning: "A new configuration is in force.",
	}
	ConfigRejected = &Kind{
		ID: "PW0802", Event: "config-rejected", Severity: Err,
		Text:    "configuration rejected[: {detail}]",
		Example: Message{Detail: "web.yaml:7:5: processes.httpd.restrat: unknown key restrat: did you mean restart?"},
		Meaning: "A drop-in is bad. At a reload its last good version stays in force; at the start it is left out. All other drop-ins are in force.",
		Action:  "Correct the file. `procward check` shows every problem with its place.",
	}
	ConfigWarning = &Kind{
		ID: "PW0803", Event: "config-warning", Severity: Warning,
		Text:    "configuration doubtful[: {detail}]",
		Example: Message{Detail: "web.yaml:3:5: processes.httpd.group: there is no group \"wbe\", so the process has no ladder but its own: did you mean web?"},
		Meaning: "The configuration is valid and in force, but probably something else is meant.",
		Action:  "Give `procward check`, and correct what it warns of.",
	}
	ConfigEmpty = &Kind{
		ID: "PW0804", Event: "config-empty", Severity: Warning,
		Text:    "configuration is empty: nothing is watched",
		Meaning: "No drop-in names a process.",
		Action:  "Put a drop-in into the configuration directory.",
	}
	GoneEnded = &Kind{
		ID: "PW0805", Event: "gone-ended", Severity: Info,
		Text:    "work for a removed name has ended[: {detail}]",
		Example: Message{Process: "app", Detail: "its script exited with code 0"},
		Meaning: "A reload removed the name while its script or hook was running. The script was allowed to finish. Nothing follows.",
	}
	SettingNow = &Kind{
		ID: "PW0806", Event: "setting", Severity: Notice,
		Text:    "a setting of the daemon has changed[: {detail}]",
		Example: Message{Detail: "daemon.parallel-restarts is 2, it was 8"},
		Meaning: "After a reload another value under `daemon:` is in force.",
	}
	SettingWaits = &Kind{
		ID: "PW0807", Event: "setting-waits", Severity: Warning,
		Text:    "a setting of the daemon is not in force[: {detail}]",
		Example: Message{Detail: "daemon.log.facility is local3, it was daemon: procward was started with --log-to"},
		Meaning: "A reload brought another value under `daemon:`, but the running daemon cannot use it, for the reason given.",
		Action:  "Start procward again, or take the value back.",
	}
)

// PW09: the operator.
var (
	Operator = &Kind{
		ID: "PW0901", Event: "operator", Severity: Notice,
		Text:    "an operator gave a command[: {detail}]",
		Example: Message{Detail: "root (user id 0) asks: stop web"},
		Meaning: "Somebody used a command of procward. The message says who and which.",
	}
	OperatorDone = &Kind{
		ID: "PW0902", Event: "operator-done", Severity: Notice,
		Text:    "command done[: {detail}]",
		Example: Message{Detail: "stop web"},
		Meaning: "A command of an operator is carried out.",
	}
	OperatorFailed = &Kind{
		ID: "PW0903", Event: "operator-failed", Severity: Err,
		Text:    "command not done[: {detail}]",
		Example: Message{Detail: "stop web: httpd cannot be killed"},
		Meaning: "A command of an operator could not be carried out, or not completely.",
		Action:  "Read the reason. `procward status` shows how things are.",
	}
)
