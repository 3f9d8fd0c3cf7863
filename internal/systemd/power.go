package systemd

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// PowerOff asks for an orderly shutdown of the host, see Reboot.
func (l *Link) PowerOff(ctx context.Context) error {
	return l.leave(ctx, "PowerOff", "poweroff.target")
}

// Reboot asks for an orderly reboot of the host and returns when this was accepted: by
// logind, which tells the users and waits for those who asked for a delay; or, if logind
// refuses or does not answer in half of the time, by systemd itself, with a job that only
// another shutdown can replace. If a shutdown is already in progress that counts as
// accepted. The host goes down some time later, and perhaps never.
func (l *Link) Reboot(ctx context.Context) error { return l.leave(ctx, "Reboot", "reboot.target") }

func (l *Link) leave(ctx context.Context, method, target string) error {
	ctx, cancel := bounded(ctx, callLimit)
	defer cancel()
	for sent := false; ; {
		s, err := l.connected(ctx)
		if err != nil && sent && !errors.Is(err, ErrClosed) {
			return nil // it may have been heard, and if nobody is there to be asked again the host may be going down
		}
		if err == nil {
			err = s.leave(ctx, method, target)
		}
		switch {
		case err == nil, l.goesDown():
			return nil
		case s == nil || !s.lost(err) || ctx.Err() != nil:
			return fmt.Errorf("%s: %w", target, l.orClosed(err))
		}
		sent = sent || !unsent(err)
	}
}

// goesDown reports whether we heard of a shutdown. During one the connection may be lost
// before there is an answer.
func (l *Link) goesDown() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.host.why() != ""
}

// leave asks once: logind, and else systemd.
func (s *session) leave(ctx context.Context, method, target string) error {
	first := s.askLogind(ctx, method)
	if first == nil || errorName(first) == logindName+".OperationInProgress" {
		return nil
	}
	second := s.manager().CallWithContext(ctx, managerIface+".StartUnit", 0, target, "replace-irreversibly").Err
	if second != nil {
		return fmt.Errorf("logind: %w; systemd: %w", first, second)
	}
	return nil
}

// askLogind calls a method of logind that has the parameter "interactive", which we are
// not. logind is on the bus only.
func (s *session) askLogind(ctx context.Context, method string) error {
	if !s.bus {
		return errors.New("there is no bus")
	}
	if end, has := ctx.Deadline(); has {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(end)/2)
		defer cancel()
	}
	return s.conn.Object(logindName, logindPath).CallWithContext(ctx, logindIface+"."+method, 0, false).Err
}
