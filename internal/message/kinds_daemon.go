package message

// PW01: the daemon.
var (
	Started = &Kind{
		ID: "PW0101", Event: "started", Severity: Notice,
		Text:    "procward started[: {detail}]",
		Example: Message{Detail: "version v1.4.0, pid 812"},
		Meaning: "The daemon has started.",
	}
	Stopped = &Kind{
		ID: "PW0102", Event: "stopped", Severity: Notice,
		Text:    "procward stopped[: {detail}]",
		Example: Message{Detail: "by request; the watched processes are left alone"},
		Meaning: "The daemon has ended. The processes that it watched go on, but nobody watches them now.",
		Action:  "Start procward again if this was not intended.",
	}
	Fallback = &Kind{
		ID: "PW0103", Event: "fallback", Severity: Warning,
		Text:    "a fallback is in use[: {detail}]",
		Example: Message{Detail: "signs of a stall are not read from /proc: permission denied"},
		Meaning: "The kernel or the system does not offer something that procward uses. Procward uses another way, which does less.",
		Action:  "Read in the message what is lost; `procward status` shows it as well. The section \"Fallbacks\" of operation.md lists what procward needs.",
	}
	Dropped = &Kind{
		ID: "PW0104", Event: "messages-dropped", Severity: Warning,
		Text:    "messages were dropped[: {detail}]",
		Example: Message{Detail: "journal: 15 (3 warning, 12 notice) from 2026-11-22T03:24:01.417233Z to 2026-11-22T03:26:40.120045Z"},
		Meaning: "A log daemon was too slow or dead for so long that the queue became full. The messages that are counted here are missing in its log. Messages of `err` and worse are not dropped; but if many of the same ID and name were waiting, only the last of them was kept, and the others are counted here.",
		Action:  "Find out what was wrong with journald or syslog at that time. `procward status` shows the present state of everything.",
	}
	Suspended = &Kind{
		ID: "PW0105", Event: "suspended", Severity: Notice,
		Text:    "suspended[: {detail}]",
		Example: Message{Detail: "the host is being shut down"},
		Meaning: "From now on nothing is restarted and no rung runs, for the reason given: the host is being shut down, or an operator gave the command. Deaths are still reported.",
		Action:  "If an operator suspended it: give `procward resume` when the work is done. Else nothing.",
	}
	Resumed = &Kind{
		ID: "PW0106", Event: "resumed", Severity: Notice,
		Text:    "resumed[: {detail}]",
		Example: Message{Detail: "by root (user id 0)"},
		Meaning: "A suspension is over. Processes that are up are tracked; processes that are missing are treated as absent.",
	}
	Observing = &Kind{
		ID: "PW0107", Event: "observe", Severity: Warning,
		Text:    "observe mode: everything is reported, nothing is done",
		Meaning: "The daemon runs with `--observe` or `observe: true`.",
		Action:  "Turn observe mode off when procward shall restart processes.",
	}
	Waiting = &Kind{
		ID: "PW0108", Event: "waiting", Severity: Notice,
		Text:    "procward waits[: {detail}]",
		Example: Message{Detail: "what is absent is judged when the boot of the host has finished"},
		Meaning: "Procward does not judge yet what is missing, because the host is still booting.",
	}
	InternalFailure = &Kind{
		ID: "PW0109", Event: "internal-failure", Severity: Err,
		Text:    "a part of procward failed[: {detail}]",
		Example: Message{Detail: "the control socket: bind: address already in use"},
		Meaning: "A part of procward itself failed. The rest of it goes on.",
		Action:  "Report it together with the output of `procward version` and `procward status --json`.",
	}
	TakenOver = &Kind{
		ID: "PW0110", Event: "taken-over", Severity: Notice,
		Text:    "procward goes on where it was[: {detail}]",
		Example: Message{Detail: "3 processes, with 5 PIDs"},
		Meaning: "Procward was started again and has read its saved state. It tracks the same processes as before and knows the attempts, the ladders and what was in progress. A process that ended in between is handled like any death.",
	}
	StateLost = &Kind{
		ID: "PW0111", Event: "state-lost", Severity: Err,
		Text:    "the saved state cannot be used[: {detail}]",
		Example: Message{Detail: "/var/lib/procward/state.0: this is not a state of procward, or not of this version; set aside as /var/lib/procward/state.bad-20261122T032401Z"},
		Meaning: "The saved state, or a part of it, cannot be used. Attempts are counted from zero, and procward does not know what was given up or stopped. Rungs that end the machine are refused for one `reboot-limit.window`, or until `procward recover --all`.",
		Action:  "Find out whether the disk is damaged or somebody changed the file. The bad file is kept under another name. Stop again what must stay stopped.",
	}
	NotDurable = &Kind{
		ID: "PW0112", Event: "not-durable", Severity: Err,
		Text:    "the state cannot be saved[: {detail}]",
		Example: Message{Detail: "write /var/lib/procward/state.0: no space left on device"},
		Meaning: "Procward goes on, but if it ends now it forgets attempts and ladders. Meanwhile rungs that end the machine are refused.",
		Action:  "Make room on the disk or repair it, or choose another `--state-dir`.",
	}
	DurableAgain = &Kind{
		ID: "PW0113", Event: "durable", Severity: Notice,
		Text:    "the state is saved again",
		Meaning: "The state directory can be written again.",
	}
	LauncherTrouble = &Kind{
		ID: "PW0115", Event: "launcher", Severity: Warning,
		Text:    "trouble with the start of programs[: {detail}]",
		Example: Message{Detail: "a launcher was lost while it started /mnt/backup/check"},
		Meaning: "Procward starts programs by a small process of its own, the launcher. A launcher hangs, was lost, or cannot be started. Everything else goes on, and procward starts a new launcher.",
		Action:  "If the start of a program hangs, check the file system that the program is on. If no launcher can be started, check the limits on processes and memory.",
	}
	SystemdSilent = &Kind{
		ID: "PW0119", Event: "systemd-silent", Severity: Warning,
		Text:    "systemd does not answer[: {detail}]",
		Example: Message{Detail: "context deadline exceeded"},
		Meaning: "PID 1, or the bus to it, does not answer. Procward cannot ask whether a unit was stopped on purpose. So for a few seconds it does nothing about a missing process that belongs to a unit. After that it restarts the process, unless systemd had told before that it has a job for the unit.",
		Action:  "Check whether PID 1 hangs or has crashed (`systemctl status`, the kernel's log).",
	}
	SystemdAnswers = &Kind{
		ID: "PW0120", Event: "systemd-answers", Severity: Notice,
		Text:    "systemd answers again",
		Meaning: "Procward can ask about units again.",
	}
)
