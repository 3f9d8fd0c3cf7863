package explain

import (
	"fmt"
	"strconv"
	"time"

	confd "procward/conf.d"
	"procward/escalate"
	"procward/internal/rehearse"
	"procward/internal/scalar"
	"procward/restart"
)

// words tells the steps of an outage in words.
type words struct {
	cfg     *confd.Config
	process confd.Process // the zero value for a group
	group   escalate.Group
	ladder  escalate.Ladder
	cut     bool // the play was too long
}

// steps joins the quick and the slow play of the same outage.
func (w *words) steps(quick, slow rehearse.Play) []Step {
	w.cut = quick.Cut || slow.Cut
	type key struct {
		kind             rehearse.Kind
		number, position int
	}
	late := map[key]time.Duration{}
	for _, s := range slow.Steps {
		late[key{s.Kind, s.Number, s.Position}] = s.At
	}
	var out []Step
	for _, s := range quick.Steps {
		e := Step{Kind: s.Kind, Number: s.Number, EarliestS: s.At.Seconds(), Rung: s.Rung.Name(), Text: w.text(s), Detail: s.Rung.Details(w.cfg.Daemon.RebootLimit)}
		if at, reached := late[key{s.Kind, s.Number, s.Position}]; reached {
			seconds := at.Seconds()
			e.LatestS = &seconds
		}
		if s.Kind == rehearse.Attempt {
			e.Pause = w.process.Restart.Pause(s.Number)
		}
		out = append(out, e)
	}
	return out
}

func (w words) text(s rehearse.Step) string {
	switch s.Kind {
	case rehearse.Attempt:
		return w.attempt(s.Number)
	case rehearse.Exhausted:
		return "exhausted: no attempt is left"
	case rehearse.GivenUp:
		return "given up: " + w.after()
	}
	return w.rungLabel(s) + s.Rung.Words(s.Number)
}

func (w words) attempt(n int) string {
	r := w.process.Restart
	text := fmt.Sprintf("attempt %d of %v: ", n, r.Attempts)
	if r.Attempts.Unlimited {
		text = fmt.Sprintf("attempt %d: ", n)
	}
	lo, hi := r.PauseRange(n)
	since := "after the failure before"
	if n == 1 {
		since = "after it went down"
	}
	switch {
	case hi == 0:
		return text + "at once"
	case lo == hi:
		return fmt.Sprintf("%s%s %s", text, Span(lo), since)
	}
	return fmt.Sprintf("%s%s to %s %s", text, Span(lo), Span(hi), since)
}

func (w words) rungLabel(s rehearse.Step) string {
	return fmt.Sprintf("rung %d of %d, ", s.Position+1, len(w.ladder))
}

// after is what follows at the end of the ladder.
func (w words) after() string {
	text := "nothing more is done, a return by itself is credited"
	if !w.group.Remind.Never {
		text += "; said again every " + w.group.Remind.String()
	}
	if w.group.RetryAfter.Never {
		return text + "; never tried again"
	}
	return text + "; all begins again after " + w.group.RetryAfter.String()
}

// notes is what the timetable of a process leaves out.
func (w words) notes(steps []Step) []string {
	p := w.process
	notes := w.unreached(steps)
	if p.Restart.When == restart.Abnormal {
		notes = append([]string{"when: abnormal: after an exit with code 0 nothing of this happens; a return is waited for"}, notes...)
	}
	if p.Restart.Attempts.N > 0 {
		notes = append(notes, "attempts of earlier outages count as long as the window lasts: then it is exhausted sooner")
	}
	if p.Absent != confd.AbsentRestart {
		notes = append(notes, fmt.Sprintf("absent: %s: if it is not there at the start, nothing of this happens", p.Absent))
	}
	return notes
}

// unreached says why the ladder, or its end, is never reached, if so.
func (w words) unreached(steps []Step) []string {
	r, n := w.process.Restart, len(steps)
	switch {
	case r.Attempts.Unlimited:
		return []string{"attempts are unlimited: the ladder is never reached"}
	case w.cut:
		return []string{"the outage is too long to be rehearsed to its end"}
	case r.Attempts.N > rehearse.Longest:
		return []string{fmt.Sprintf("only the first %d attempts are shown", rehearse.Longest)}
	case n == 0 || steps[n-1].Kind == rehearse.Attempt:
		return []string{fmt.Sprintf("the ladder is never reached: the attempts are spread over more than the window of %v", r.Window)}
	case steps[n-1].LatestS == nil:
		return []string{fmt.Sprintf("LATEST never: if the attempts take so long, the window of %v gives the first back before the last is spent; lengthen the window, or shorten timeout, start-timeout and settle", r.Window)}
	}
	return nil
}

// Span is a duration as a timetable shows it: to the tenth of a second below a minute,
// to the second above.
func Span(d time.Duration) string {
	if d < time.Minute {
		return strconv.FormatFloat(d.Round(100*time.Millisecond).Seconds(), 'f', -1, 64) + "s"
	}
	return scalar.Duration(d.Round(time.Second)).String()
}
