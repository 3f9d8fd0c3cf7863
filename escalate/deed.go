package escalate

import "fmt"

// Deed is what a rung does: Regroup, a *Hook, Leave, EndMachine or Stay. Rungs of one deed
// are carried out in one way.
type Deed interface {
	// details is what hangs on it, for a timetable.
	details(limit RebootLimit) string
}

// The deeds that have no type of their own among the rungs.
type (
	// Regroup stops the group, or the target of a monitor, and unless it is to stay down
	// starts it again.
	Regroup struct{ StopOnly bool }
	// Leave ends procward itself with an exit code.
	Leave struct{ Code int }
	// EndMachine ends or resets the operating system, as package power does it for the name
	// of the rung.
	EndMachine struct{}
	// Stay is never carried out: the ladder ends below it.
	Stay struct{}
)

func (Regroup) details(RebootLimit) string { return "" }

func (*Hook) details(RebootLimit) string {
	return fmt.Sprintf("exit %d: handed over, the climb ends; %d: next rung; anything else: failed, next rung", HandedOver, NextRung)
}

func (Leave) details(RebootLimit) string {
	return "the processes go on, unwatched; the systemd unit does not restart procward on this code"
}

func (EndMachine) details(limit RebootLimit) string {
	return fmt.Sprintf("at most %d in %v, over boots, and not before an uptime of %v; refused when that is spent. What stands below it follows if it is refused, or does not end the machine", limit.Count, limit.Window, limit.MinUptime)
}

func (Stay) details(RebootLimit) string { return "" }
