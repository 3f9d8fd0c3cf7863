package systemd

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// WatchUnits calls f with units that may have come up or gone down, because a job that is
// not this link's has ended; after a lost connection with all units. It reports only
// units that were asked for before, by the names that were asked for. It calls f until
// ctx ends or the link is closed, one call at a time. Call WatchUnits once.
//
// systemd restarts a service by its own Restart= with a job too, so it is enough to
// listen to jobs. We do not listen to changes of properties: a service that reports its
// status every few seconds would wake us each time.
func (l *Link) WatchUnits(ctx context.Context, f func(units []string)) error {
	for {
		select {
		case <-l.news.wake:
		case <-ctx.Done():
			return ctx.Err()
		case <-l.closed:
			return ErrClosed
		}
		l.mu.Lock()
		units := slices.Sorted(maps.Keys(l.news.moved))
		clear(l.news.moved)
		l.mu.Unlock()
		if len(units) > 0 {
			f(units)
		}
	}
}

// unitNews is what WatchUnits has not reported yet; it is used with the link's lock held.
type unitNews struct {
	moved map[string]bool
	wake  chan struct{} // holds one
}

func (n *unitNews) tell(units ...string) {
	for _, unit := range units {
		n.moved[unit] = true
	}
	if len(n.moved) > 0 {
		select {
		case n.wake <- struct{}{}:
		default:
		}
	}
}

// isCalled notes systemd's name of a unit that was asked for, and reports whether it is
// new.
func (l *Link) isCalled(asked, name string) (another bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before, known := l.main[asked]
	if before == name && known {
		return false
	}
	if known {
		l.asked[before] = slices.DeleteFunc(l.asked[before], func(s string) bool { return s == asked })
	}
	l.main[asked] = name
	l.asked[name] = append(l.asked[name], asked)
	return name != asked || known
}

// mainName is systemd's name of a unit, as far as it is known; the lock is held.
func (l *Link) mainName(asked string) string {
	if name := l.main[asked]; name != "" {
		return name
	}
	return asked
}

func (l *Link) systemdsName(asked string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.mainName(asked)
}

// units is systemd's names of all units that were asked for.
func (l *Link) units() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Sorted(maps.Keys(l.asked))
}

// maxRules is how many units the bus is asked for by name. It allows 512 rules a
// connection (dbus-daemon(1), max_match_rules_per_connection); with more units it is
// asked for all.
const maxRules = 200

// follow asks the bus for the jobs of a unit, before anything is asked about the unit
// itself: then an answer comes after every job that was reported before. Straight from
// PID 1 the jobs of all units come.
func (s *session) follow(ctx context.Context, unit string) error {
	if !s.bus || strings.Contains(unit, "'") { // no unit has such a name
		return nil
	}
	s.following.Lock()
	if s.all || s.followed[unit] {
		s.following.Unlock()
		return nil
	}
	rule := fmt.Sprintf("type='signal',sender='%s',interface='%s',path='%s'", systemdName, managerIface, managerPath)
	if s.all = len(s.followed) >= maxRules; !s.all {
		rule += ",arg2='" + unit + "'"
	}
	s.followed[unit] = true
	call := s.conn.BusObject().GoWithContext(ctx, busName+".AddMatch", 0, nil, rule)
	s.following.Unlock()
	if call = <-call.Done; call.Err != nil {
		s.following.Lock()
		delete(s.followed, unit)
		s.all = false
		s.following.Unlock()
		return fmt.Errorf("AddMatch: %w", call.Err)
	}
	return nil
}
