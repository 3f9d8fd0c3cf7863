package host

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"procward/internal/engine"
	"procward/internal/ktime"
	"procward/internal/message"
	"procward/internal/scalar"
	"procward/internal/systemd"
	"procward/procscan"
)

// How long systemd may take in a look: all its answers together, and the time in which it
// says nothing at all.
const (
	askTime    = 2 * time.Second
	askSilence = time.Second
)

// systemdSilence is how long a systemd that does not answer may leave processes in doubt.
// It may be busy, for example with a daemon-reload. But if it has crashed or hangs, this
// must not prevent every restart: then it also stops nothing on request any more.
const systemdSilence = 5 * time.Second

// answer is what systemd said about one unit, or why it could not be asked: then the
// process is in doubt.
type answer struct {
	unit    engine.Unit
	unasked string
}

// asker is what is known of systemd's answers. If systemd did not answer a look, the next
// looks do not wait for it, and this is reported once: one question stays open until it
// answers.
type asker struct {
	silentSince atomic.Int64 // CLOCK_BOOTTIME, or 0 while it answers
}

// silent is for how long systemd has answered nothing, or 0.
func (a *asker) silent() time.Duration {
	if since := a.silentSince.Load(); since != 0 {
		return procscan.Boottime() - time.Duration(since)
	}
	return 0
}

// silentTooLong reports whether nobody waits for systemd any more.
func (a *asker) silentTooLong() bool { return a.silent() >= systemdSilence }

// askHost asks, if something is missing, whether the host is being shut down: why, or
// empty.
func (h *Host) askHost(ctx context.Context, l engine.Look) <-chan string {
	answer := make(chan string, 1)
	missing := false
	for _, want := range l.Of {
		missing = missing || want.Missing
	}
	switch {
	case !missing, h.Systemd != nil && h.asked.silent() > 0, h.Systemd == nil && h.Ends == nil:
		answer <- ""
	case h.Systemd == nil:
		answer <- h.Ends()
	default:
		go func() {
			ctx, cancel := context.WithTimeout(ctx, askSilence)
			defer cancel()
			why := ""
			if state, err := h.Systemd.Host(ctx); err == nil && state.Stopping() {
				why = "the host is being shut down"
			}
			answer <- why
		}()
	}
	return answer
}

// askUnits asks about the units of what is missing, by the names of the processes.
func (h *Host) askUnits(ctx context.Context, l engine.Look) map[string]answer {
	answers := map[string]answer{}
	if h.Systemd == nil {
		return answers
	}
	units := map[string]bool{}
	for _, want := range l.Of {
		if want.Unit != "" && want.Unit != h.OwnUnit {
			units[want.Unit] = true
		}
	}
	told, err := h.ask(ctx, units)
	for name, want := range l.Of {
		if !units[want.Unit] {
			continue
		}
		switch u, ok := told[want.Unit]; {
		case ok:
			answers[name] = answer{unit: h.unit(u)}
		case h.Systemd.Pending(want.Unit):
			answers[name] = answer{unit: engine.Unit{Name: want.Unit, Hands: "systemd has a job for it, and does not answer"}}
		case h.asked.silentTooLong():
		default:
			answers[name] = answer{unasked: "systemd cannot be asked about the unit: " + err.Error()}
		}
	}
	return answers
}

// ask asks about units, in a limited time. The error is about units without an answer.
func (h *Host) ask(ctx context.Context, units map[string]bool) (map[string]systemd.Unit, error) {
	if len(units) == 0 {
		return nil, nil
	}
	if since := h.asked.silent(); since > 0 {
		return nil, fmt.Errorf("it has answered nothing for %s", scalar.Duration(since).Rounded())
	}
	names := make([]string, 0, len(units))
	for unit := range units { // in no order: if not all can be answered, others are the next time
		names = append(names, unit)
	}
	began := procscan.Boottime()
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	told, err := h.Systemd.Units(ctx, names, askSilence)
	if len(told) == 0 && errors.Is(err, context.DeadlineExceeded) && h.asked.silentSince.CompareAndSwap(0, int64(began)) {
		h.say(message.SystemdSilent, err.Error())
		go h.listen()
	}
	return told, err
}

// listen waits for a systemd that has become silent, and then has everything looked at
// again that was in doubt.
func (h *Host) listen() {
	for {
		ctx, cancel := context.WithTimeout(h.ctx, time.Minute)
		_, err := h.Systemd.Host(ctx)
		cancel()
		switch {
		case h.ctx.Err() != nil || errors.Is(err, systemd.ErrClosed):
			return
		case err == nil:
			h.asked.silentSince.Store(0)
			h.say(message.SystemdAnswers, "")
			h.Loop.Send(h.ctx, engine.UnitsMoved{All: true})
			return
		}
	}
}

func (h *Host) say(kind *message.Kind, detail string) {
	h.Loop.log.Send(message.Message{Kind: kind, Time: time.Now(), Detail: detail})
}

// unit is what a look needs of a unit.
func (h *Host) unit(u systemd.Unit) engine.Unit {
	out := engine.Unit{Name: u.Name, Hands: hands(u), MainPID: u.MainPID, Up: u.Up(), LastPID: u.LastPID}
	if main, err := h.FS.Read(u.MainPID); u.MainPID > 0 && err == nil {
		out.MainStarted = main.Started()
	}
	if u.LastStarted > 0 {
		out.LastStarted = procscan.Boottime() - (ktime.Monotonic() - u.LastStarted)
	}
	return out
}

// hands says why systemd or an operator is in charge of a unit, or nothing.
func hands(u systemd.Unit) string {
	switch {
	case u.ActiveState == "activating" && u.SubState == "auto-restart":
		return "systemd is about to restart it by its own Restart= setting"
	case u.Requested && u.JobType != "":
		return "systemd has a " + u.JobType + " job for it"
	case u.Requested:
		return engine.StoppedOnRequest
	case u.LoadState == "masked" && !u.Up():
		return "it is masked, which says that it must not be started: systemctl unmask lifts that"
	}
	return ""
}

// meet asks systemd once about each unit that a found process belongs to: from then on
// the link remembers the unit's jobs, and so it knows a stop on request also if systemd
// forgets the unit as soon as it is inactive.
func (h *Host) meet(ctx context.Context, found map[string]engine.Finding) {
	if h.Systemd == nil {
		return
	}
	news := map[string]bool{}
	for _, f := range found {
		for _, p := range f.Selection.Selected {
			if u := procscan.UnitOf(p.Unit); u != "" && u != h.OwnUnit && !h.met[u] {
				h.met[u], news[u] = true, true
			}
		}
	}
	if len(news) > 0 {
		go h.Systemd.Units(ctx, slices.Sorted(maps.Keys(news)), time.Minute) // remembered even if the answer does not come
	}
}

// followUnits tells the engine of units that others have started, stopped or restarted.
func (h *Host) followUnits(ctx context.Context) {
	_ = h.Systemd.WatchUnits(ctx, func(units []string) { // it ends with the daemon
		moved := make(map[string]bool, len(units))
		for _, u := range units {
			moved[u] = true
		}
		h.Loop.Send(ctx, engine.UnitsMoved{Units: moved})
	})
}
