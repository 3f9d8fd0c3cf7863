package advice

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	confd "procward/conf.d"
	"procward/internal/scalar"
	"procward/internal/systemd"
)

// systemdTime limits how long systemd is asked.
const systemdTime = 5 * time.Second

// Doubts looks at this host for what the drop-ins alone do not show. It returns warnings,
// in the order of the names.
func Doubts(ctx context.Context, cfg *confd.Config) ([]confd.Problem, error) {
	sights, err := Look(ctx, cfg, slices.Sorted(maps.Keys(cfg.Processes)), func(Sight) bool { return false })
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, systemdTime)
	defer cancel()
	restart, closing, err := restartSettings(ctx)
	var doubts []confd.Problem
	switch {
	case err == nil:
		defer closing()
	case !errors.Is(err, systemd.ErrAbsent):
		doubts = append(doubts, confd.Problem{Text: "whether systemd restarts the same units cannot be told: " + err.Error(), Warning: true})
	}
	if len(cfg.Files) == 0 {
		doubts = append(doubts, confd.Problem{Text: "there is no drop-in (a file *.yaml), so that nothing is watched", Warning: true})
	}
	shared := sharedDoubts(cfg, sights)
	for _, s := range sights {
		texts := slices.Concat(sightDoubts(s), restarterDoubts(s, restart), supervisorDoubts(s), shared[s.Name])
		for _, text := range texts {
			doubts = append(doubts, doubt(cfg, s.Name, text))
		}
	}
	return doubts, nil
}

// doubt is a warning about the match of a process.
func doubt(cfg *confd.Config, name, text string) confd.Problem {
	p := cfg.At("processes", name, "match", text)
	p.Warning = true
	return p
}

// sightDoubts is what is doubtful about what a match selects.
func sightDoubts(s Sight) []string {
	how := "procward scan " + s.Name + " shows what comes close"
	var out []string
	if s.Error != "" {
		out = append(out, "cannot be applied: "+s.Error)
	}
	if n := len(s.Unreadable); n > 0 {
		out = append(out, fmt.Sprintf("is in doubt: %s cannot be read (pid %d: %s); %s", scalar.Counted(n, "process that could be one", "processes that could be one"), s.Unreadable[0].PID, s.Unreadable[0].Error, UnreadRemedy()))
	}
	n := len(s.Selected)
	switch {
	case n == 0 && len(out) == 0:
		out = append(out, "selects nothing now: start it, or correct the match; "+how)
	case n > 0 && n < s.Min:
		out = append(out, fmt.Sprintf("selects %d at this moment, below count.min, which is %d; %s", n, s.Min, how))
	case n > 0 && !s.Match.Count.Max.Allows(n-1):
		out = append(out, fmt.Sprintf("selects %d at this moment, above count.max, which is %s; narrow the match, or raise it", n, s.Max))
	}
	if programs := programsOf(s.Selected); len(programs) > 1 {
		out = append(out, fmt.Sprintf("selects %d different programs at this moment: %s; narrow the match, by exe for instance", len(programs), strings.Join(programs, ", ")))
	}
	return out
}

// programsOf is the different programs among processes, each with one PID.
func programsOf(ps []Seen) []string {
	first := map[string]int{}
	for _, p := range ps {
		program := p.Exe
		if program == "" {
			program = p.Comm
		}
		if _, ok := first[program]; !ok {
			first[program] = p.PID
		}
	}
	var out []string
	for _, program := range slices.Sorted(maps.Keys(first)) {
		out = append(out, fmt.Sprintf("%s (pid %d)", program, first[program]))
	}
	return out
}

// setting is the Restart= setting of a unit, "" if it is not known.
type setting func(unit string) string

// restartSettings asks systemd; the function must be closed after use.
func restartSettings(ctx context.Context) (setting, func(), error) {
	link, err := systemd.Connect(ctx)
	if err != nil {
		return func(string) string { return "" }, nil, err
	}
	ask := func(unit string) string {
		u, err := link.Unit(ctx, unit)
		if err != nil || isProcward(u.MainPID) { // what our scripts start is in our unit
			return ""
		}
		return u.Restart
	}
	return ask, func() { link.Close() }, nil
}

// restarterDoubts is the units of selected processes that systemd restarts by itself.
func restarterDoubts(s Sight, restart setting) []string {
	units := map[string]bool{}
	for _, p := range s.Selected {
		if p.Unit != "" {
			units[p.Unit] = true
		}
	}
	var out []string
	for _, unit := range slices.Sorted(maps.Keys(units)) {
		if r := restart(unit); r != "" && r != "no" {
			out = append(out, fmt.Sprintf("selects a process of %s, which systemd restarts as well (Restart=%s), so that two restarters fight: set Restart=no by systemctl edit %s, or leave it to systemd", unit, r, unit))
		}
	}
	return out
}
