package host

import (
	"context"
	"errors"
	"fmt"

	"procward/internal/engine"
	"procward/internal/scalar"
	"procward/internal/systemd"
	"procward/procscan"
)

var errNoSystemd = errors.New("there is no systemd on this host: use run")

// restartUnit asks systemd to restart a unit. If it is known not to answer nobody waits
// for it: other scripts wait for the slot.
func (h *Host) restartUnit(e engine.RestartUnit) {
	var err error
	switch ctx, cancel := context.WithTimeout(h.ctx, e.Spec.Timeout.D()); {
	case h.Systemd == nil:
		err = errNoSystemd
		cancel()
	case h.asked.silentTooLong():
		err = fmt.Errorf("systemd has answered nothing for %s", scalar.Duration(h.asked.silent()).Rounded())
		cancel()
	default:
		act := h.Systemd.Restart
		if e.Start {
			act = h.Systemd.Start
		}
		err = act(ctx, e.Unit, systemd.Progress{
			Accepted: func() { h.Loop.Send(h.ctx, engine.ScriptStarted{Token: e.Token, At: procscan.Boottime()}) },
			Lifted:   func(limit string) { h.Loop.Send(h.ctx, engine.LimitLifted{Token: e.Token, Unit: e.Unit, Limit: limit}) },
		})
		cancel()
	}
	h.Loop.Send(h.ctx, engine.UnitRestarted{Token: e.Token, Err: err,
		Conflict: errors.Is(err, systemd.ErrConflict) || errors.Is(err, systemd.ErrMasked), Unheard: errors.Is(err, systemd.ErrUnheard)})
}

func (h *Host) stopUnit(e engine.StopUnit) {
	err := errNoSystemd
	if h.Systemd != nil {
		ctx, cancel := context.WithTimeout(h.ctx, e.Timeout)
		defer cancel()
		err = h.Systemd.Stop(ctx, e.Unit, e.Force)
	}
	h.Loop.Send(h.ctx, engine.UnitStopped{Token: e.Token, Err: err, Conflict: errors.Is(err, systemd.ErrConflict)})
}
