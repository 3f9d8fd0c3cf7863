package message

// Catalogue lists every kind, by ID. The kinds themselves are in the files kinds_*.go;
// docs/messages.md is generated from them.
var Catalogue = []*Kind{
	Started, Stopped, Fallback, Dropped, Suspended, Resumed, Observing, Waiting, InternalFailure, TakenOver,
	StateLost, NotDurable, DurableAgain, LauncherTrouble, SystemdSilent, SystemdAnswers,
	Down, Found, Replaced, Absent, Excess, Unreadable, CauseKnown, UnitStopped, Orphans, Ended, Lost, Returned,
	Held, Killed, Unkillable, Fewer,
	LetBe, Stranger, Doubled, Shared, Untold,
	DownQuiet, Rival,
	Restart, RestartFailed, Recovered, Exhausted, ScriptFailed, ScriptHangs, RestartLater, Unstarted,
	LimitLifted,
	Final,
	GroupStop, GroupStart, GroupFailed,
	RungAsked, RungFailed, RungRefused, GivenUp, Reminder, HandedOver, ClimbEnds, RetryAfter, RungHalted,
	RungPassed, RungWaits, MachineEnded, MachineStayed, MachineStep,
	Stall, ProbeFailed, ProbeOK, ProbeUnknown, ProbeSlow, ProbeBad, EvidenceKept, EvidenceFailed,
	MonitorFailed, MonitorOK, MonitorRecover, MonitorNoHelp, MonitorSkipped,
	WatchdogStarves, WatchdogFed, UserspaceStalls, UserspaceWorks,
	ConfigLoaded, ConfigRejected, ConfigWarning, ConfigEmpty, GoneEnded, SettingNow, SettingWaits,
	Operator, OperatorDone, OperatorFailed,
}

// Section is one part of the catalogue.
type Section struct {
	Prefix string // the first four characters of its IDs: PW02
	Title  string
}

// Sections lists the parts of the catalogue, by prefix. A part may be empty.
var Sections = []Section{
	{"PW01", "The daemon"},
	{"PW02", "Processes"},
	{"PW03", "Restarts"},
	{"PW04", "Groups"},
	{"PW05", "Escalation"},
	{"PW06", "Stalls"},
	{"PW07", "The host"},
	{"PW08", "Configuration"},
	{"PW09", "The operator"},
}
