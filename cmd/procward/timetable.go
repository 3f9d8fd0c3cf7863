package main

import (
	"fmt"
	"strconv"
	"time"

	confd "procward/conf.d"
	"procward/escalate"
	"procward/internal/scalar"
)

// words tells the steps of a schedule in words.
type words struct {
	cfg     *confd.Config
	process confd.Process // the zero value for a group
	group   escalate.Group
	ladder  escalate.Ladder
	members []string
}

func (w words) explained(steps []step) []explainedStep {
	var out []explainedStep
	for _, s := range steps {
		e := explainedStep{Kind: s.Kind, Number: s.Number, EarliestS: s.Earliest.Seconds(), Text: w.text(s), Detail: w.detail(s)}
		if !s.Never {
			late := s.Latest.Seconds()
			e.LatestS = &late
		}
		if s.Kind == stepRung || s.Kind == stepStopDaemon {
			e.Rung = s.Rung.Name()
		}
		if s.Kind == stepAttempt {
			e.pause = w.process.Restart.Pause(s.Number)
		}
		out = append(out, e)
	}
	return out
}

func (w words) text(s step) string {
	switch s.Kind {
	case stepAttempt:
		return w.attempt(s.Number)
	case stepExhausted:
		return "exhausted: no attempt is left"
	case stepStopDaemon:
		return w.rungLabel(s) + s.Rung.Words(s.Number)
	case stepGivenUp:
		return "given up: " + w.after()
	}
	return w.rungLabel(s) + w.rung(s)
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
		return fmt.Sprintf("%s%s %s", text, span(lo), since)
	}
	return fmt.Sprintf("%s%s to %s %s", text, span(lo), span(hi), since)
}

func (w words) rungLabel(s step) string {
	return fmt.Sprintf("rung %d of %d, ", s.Position+1, len(w.ladder))
}

func (w words) rung(s step) string {
	text := s.Rung.Words(s.Number)
	if _, regroups := s.Rung.Deed().(escalate.Regroup); regroups {
		text += fmt.Sprintf("; then %s to recover", span(s.Rung.Wait()))
	}
	return text
}

// detail is what hangs on a step.
func (w words) detail(s step) string {
	switch s.Rung.Deed().(type) {
	case *escalate.Hook:
		return fmt.Sprintf("exit %d: handed over, the climb ends; %d: next rung; anything else: failed, next rung", escalate.HandedOver, escalate.NextRung)
	case escalate.Leave:
		return "the processes go on, unwatched; the systemd unit does not restart procward on this code"
	case escalate.EndMachine:
		limit := w.cfg.Daemon.RebootLimit
		return fmt.Sprintf("at most %d in %v, over boots, and not before an uptime of %v; refused when that is spent, and then the next", limit.Count, limit.Window, limit.MinUptime)
	}
	return ""
}

// after is what follows when the ladder is spent.
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
func (w words) notes(steps []step) []string {
	var notes []string
	p := w.process
	if p.Restart.When == "abnormal" {
		notes = append(notes, "when: abnormal: after an exit with code 0 nothing of this happens; a return is waited for")
	}
	if p.Restart.Attempts.Unlimited {
		notes = append(notes, "attempts are unlimited: the ladder is never reached")
	} else if p.Restart.Attempts.N > longest {
		notes = append(notes, fmt.Sprintf("only the first %d attempts are shown", longest))
	} else if n := len(steps); n == 0 || steps[n-1].Kind == stepAttempt {
		notes = append(notes, fmt.Sprintf("the ladder is never reached: the attempts are spread over more than the window of %v", p.Restart.Window))
	} else if steps[n-1].Never {
		notes = append(notes, fmt.Sprintf("LATEST never: if the attempts take so long, the window of %v gives the first back before the last is spent; lengthen the window, or shorten timeout, start-timeout and settle", narrowest(p, steps)))
	}
	if p.Restart.Attempts.N > 0 {
		notes = append(notes, "attempts of earlier outages count as long as the window lasts: then it is exhausted sooner")
	}
	if p.Absent != confd.AbsentRestart {
		notes = append(notes, fmt.Sprintf("absent: %s: if it is not there at the start, nothing of this happens", p.Absent))
	}
	return notes
}

// narrowest is the window that is too narrow: of the attempts, or of the rung after
// which nothing is reached.
func narrowest(p confd.Process, steps []step) scalar.Duration {
	w := p.Restart.Window
	for i, s := range steps {
		if s.Never && i > 0 {
			if own := steps[i-1].Rung.Own(); own != nil {
				return own.Window
			}
		}
		if s.Never {
			return w
		}
	}
	return w
}

// span is a duration as a timetable shows it: to the tenth of a second below a minute,
// to the second above.
func span(d time.Duration) string {
	if d < time.Minute {
		return strconv.FormatFloat(d.Round(100*time.Millisecond).Seconds(), 'f', -1, 64) + "s"
	}
	return scalar.Duration(d.Round(time.Second)).String()
}
