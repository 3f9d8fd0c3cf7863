package message

// The catalogue. docs/messages.md is generated from it.
var (
	// PW01: the daemon.
	Started         = &Kind{"PW0101", "started", Notice, "procward {detail}", "The daemon has started and says what it watches.", ""}
	Stopped         = &Kind{"PW0102", "stopped", Notice, "stopped: {detail}", "The daemon has ended; the watched processes go on without a watchdog.", "Start procward again if this was not intended."}
	Fallback        = &Kind{"PW0103", "fallback", Warning, "{detail}", "A kernel or system feature is missing, and a weaker way stands in for it.", "See docs/operation.md for what is lost."}
	Dropped         = &Kind{"PW0104", "messages-dropped", Warning, "messages dropped: {detail}", "A log sink was too slow or dead, so messages were dropped from its queue.", "Look at journald or syslog; the numbers say how many messages are missing."}
	Suspended       = &Kind{"PW0105", "suspended", Notice, "suspended: {detail}", "Nothing is restarted or escalated until resumed; deaths are still reported.", ""}
	Resumed         = &Kind{"PW0106", "resumed", Notice, "resumed: {detail}", "Watching goes on after a suspension.", ""}
	Observing       = &Kind{"PW0107", "observe", Warning, "observe mode: everything is reported, nothing is done", "The daemon runs with --observe or observe: true.", "Turn observe mode off to have processes restarted."}
	Waiting         = &Kind{"PW0108", "waiting", Notice, "waiting: {detail}", "The daemon holds its judgement, for instance until the boot has finished.", ""}
	InternalFailure = &Kind{"PW0109", "internal-failure", Err, "{detail}", "A part of procward itself failed; the rest goes on.", "Report it with the output of procward status --json."}

	// PW02: processes.
	Down        = &Kind{"PW0201", "down", Err, "down: {cause}{detail}", "Fewer processes are there than count.min, after a second look.", ""}
	Found       = &Kind{"PW0202", "found", Notice, "found{detail}", "A process was found by scan and is tracked by its PID from now on.", ""}
	Replaced    = &Kind{"PW0203", "replaced", Notice, "replaced{detail}: {cause}", "The process ended and another took its place by itself; no script runs.", ""}
	Absent      = &Kind{"PW0204", "absent", Warning, "absent{detail}", "No process matches, or fewer than count.min, and none was tracked before.", ""}
	Excess      = &Kind{"PW0205", "excess", Warning, "excess: {detail}", "More processes match than count.max allows.", "Stop the surplus ones, or raise count.max."}
	Unreadable  = &Kind{"PW0206", "unreadable", Warning, "unreadable: {detail}", "A process that may match could not be read; while in doubt nothing is restarted.", "Run procward as root, or narrow the match."}
	CauseKnown  = &Kind{"PW0207", "cause", Info, "cause of death: {cause}", "The cause of an earlier death is known now.", ""}
	UnitStopped = &Kind{"PW0208", "foreign-stop", Notice, "stopped by the operator: {detail}", "systemd stops, restarts or has stopped the unit of the process on request; procward leaves it alone until the unit is active again.", ""}
	Orphans     = &Kind{"PW0209", "orphans", Warning, "orphans left behind: {detail}", "Workers of a dead master live on; they do not count as its successor and are killed before the restart.", ""}
	Ended       = &Kind{"PW0210", "ended", Notice, "ended: {cause}", "A clean end under when: abnormal; procward waits for a return.", ""}
	Lost        = &Kind{"PW0211", "exited", Warning, "one of several gone: {cause}{detail}", "One of several processes is gone, and enough are left.", ""}
	Returned    = &Kind{"PW0212", "returned", Notice, "returned by itself{detail}", "The process is back without procward's doing.", ""}
	Held        = &Kind{"PW0213", "held", Notice, "held: {detail}", "The failure is held back while a dependency is down or being restarted.", ""}
	Killed      = &Kind{"PW0214", "killed", Notice, "killed: {detail}", "A process was ended by procward.", ""}
	Unkillable  = &Kind{"PW0215", "unkillable", Err, "unkillable: {detail}", "A process is still there after SIGKILL.", "Look for processes in state D; only a reboot may help."}
	Fewer       = &Kind{"PW0216", "fewer", Warning, "fewer than wanted: {detail}", "Some but not enough processes match at the start.", ""}

	// PW03: restarts.
	Restart       = &Kind{"PW0301", "restart", Notice, "restart, attempt {attempt} of {attempts}{detail}", "A restart is asked for now.", ""}
	RestartFailed = &Kind{"PW0302", "restart-failed", Err, "restart failed, attempt {attempt} of {attempts}: {detail}", "The restart did not bring the process back for the settle time.", "See the output of the script in the message."}
	Recovered     = &Kind{"PW0303", "recovered", Notice, "recovered{detail}", "The process is up again and stayed up for the settle time.", ""}
	Exhausted     = &Kind{"PW0304", "exhausted", Crit, "exhausted: a restart is needed and none of {attempts} is left{detail}", "All attempts of the window are spent; the ladder begins.", "Find the cause; procward recover gives the attempts back once it is mended."}
	ScriptFailed  = &Kind{"PW0305", "script-failed", Warning, "script failed: {detail}", "The script failed; the process is looked for all the same.", "See the output in the message."}
	ScriptHangs   = &Kind{"PW0306", "script-foreground", Warning, "script stays in the foreground with the process in it", "The process was found while its script still runs; the script is left alone.", "Let the script put the process into the background, or give the process to a service manager."}
	RestartLater  = &Kind{"PW0307", "restart-scheduled", Info, "next attempt {attempt} of {attempts} in {detail}", "A delay or backoff comes before the next attempt.", ""}

	// PW04: groups.
	GroupStop   = &Kind{"PW0401", "group-stop", Notice, "group is stopped: {detail}", "A group stop is asked for now.", ""}
	GroupStart  = &Kind{"PW0402", "group-start", Notice, "group is started: {detail}", "A group start is asked for now.", ""}
	GroupFailed = &Kind{"PW0403", "group-failed", Err, "group action failed: {detail}", "A start or stop script of the group failed or hung.", "See the output in the message."}

	// PW05: escalation.
	RungAsked   = &Kind{"PW0501", "rung", Crit, "escalation: {rung}{detail}", "A rung of the ladder is carried out now.", ""}
	RungFailed  = &Kind{"PW0502", "rung-failed", Err, "escalation failed: {rung}: {detail}", "The rung's action failed, or did not bring a recovery within its wait.", ""}
	RungRefused = &Kind{"PW0503", "rung-refused", Err, "escalation refused: {rung}: {detail}", "The rung is not carried out.", ""}
	GivenUp     = &Kind{"PW0504", "given-up", Alert, "given up{detail}", "The ladder is spent. The process is still watched; a return by itself is credited.", "Mend the cause, start the service, or run procward recover."}
	Reminder    = &Kind{"PW0505", "given-up", Alert, "still given up{detail}", "Said again every remind interval.", "Mend the cause, start the service, or run procward recover."}
	HandedOver  = &Kind{"PW0506", "handed-over", Crit, "handed over by the hook{detail}", "The hook exited 0: somebody else has the group now. No later rung runs.", "procward recover takes it back."}
	ClimbEnds   = &Kind{"PW0507", "climb-ended", Notice, "escalation ends before {rung}: {detail}", "Everything required is up again, so no further rung runs.", ""}
	RetryAfter  = &Kind{"PW0508", "retry-after", Notice, "tried again from the bottom after {detail}", "retry-after has passed since giving up.", ""}
	RungHalted  = &Kind{"PW0509", "rung-halted", Notice, "escalation halts before {rung}: {detail}", "Suspended or stopped by the operator during a climb.", ""}

	// PW08: configuration.
	ConfigLoaded   = &Kind{"PW0801", "config-loaded", Notice, "configuration loaded: {detail}", "A new configuration is in force.", ""}
	ConfigRejected = &Kind{"PW0802", "config-rejected", Err, "configuration rejected: {detail}", "A drop-in is bad; its last good version stays, or it is left out.", "Run procward check, mend the file."}
	ConfigWarning  = &Kind{"PW0803", "config-warning", Warning, "configuration: {detail}", "The configuration is valid but doubtful.", "Run procward check."}
	ConfigEmpty    = &Kind{"PW0804", "config-empty", Warning, "configuration is empty: nothing is watched{detail}", "No drop-in names a process.", "Put a drop-in into the configuration directory."}

	// PW09: the operator.
	Operator = &Kind{"PW0901", "operator", Notice, "operator: {detail}", "An operator asked for something.", ""}
)

// Catalogue lists every kind, by ID.
var Catalogue = []*Kind{
	Started, Stopped, Fallback, Dropped, Suspended, Resumed, Observing, Waiting, InternalFailure,
	Down, Found, Replaced, Absent, Excess, Unreadable, CauseKnown, UnitStopped, Orphans, Ended, Lost, Returned, Held, Killed, Unkillable, Fewer,
	Restart, RestartFailed, Recovered, Exhausted, ScriptFailed, ScriptHangs, RestartLater,
	GroupStop, GroupStart, GroupFailed,
	RungAsked, RungFailed, RungRefused, GivenUp, Reminder, HandedOver, ClimbEnds, RetryAfter, RungHalted,
	ConfigLoaded, ConfigRejected, ConfigWarning, ConfigEmpty,
	Operator,
}
