package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"procward/internal/engine"
	"procward/internal/terminal"
)

// showBreaker writes how much of reboot-limit is used, if there is anything to say.
func showBreaker(p terminal.Writer, b *engine.BreakerStatus, now time.Time) {
	if b == nil {
		return
	}
	if b.Acting != "" {
		p.Line(terminal.Red, "THE MACHINE IS BEING ENDED: rung %s", terminal.Visible(b.Acting))
	}
	c, text := terminal.None, fmt.Sprintf("rungs that end the machine: %d of %d taken in %s", b.Used, b.Limit, terminal.Visible(b.Window))
	if len(b.Rungs) > 0 {
		text += "; configured: " + strings.Join(slices.Sorted(maps.Keys(b.Rungs)), ", ")
	}
	if b.Lost != "" {
		c, text = terminal.Red, text+"; taken for spent, as it is not known what counts: "+terminal.Visible(b.Lost)
	}
	if b.FreeIn != nil {
		c, text = terminal.Red, text+"; the next is allowed after "+terminal.Age(*b.FreeIn)+" of running time, or after procward recover --all"
	}
	p.Line(c, "%s", text)
	if last := b.Last; last != nil {
		fate := map[string]string{"happened": "as asked", "missed": "did not happen"}[last.Outcome]
		if fate == "" {
			fate = "asked for"
		}
		p.Line(terminal.None, "  the last: %s, %s %s ago: %s", terminal.Visible(last.Rung), fate, terminal.Age(now.Sub(last.At)), terminal.Visible(last.Reason))
	}
	for _, rung := range slices.Sorted(maps.Keys(b.Rungs)) {
		if why := b.Rungs[rung]; why != "" {
			p.Line(terminal.Red, "  %s is refused: %s", rung, terminal.Visible(why))
		}
	}
}
