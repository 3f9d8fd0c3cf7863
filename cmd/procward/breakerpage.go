package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"procward/internal/engine"
	"procward/internal/paper"
)

// showBreaker writes how much of reboot-limit is used, if there is anything to say.
func showBreaker(p paper.Paper, b *engine.BreakerStatus, now time.Time) {
	if b == nil {
		return
	}
	if b.Acting != "" {
		p.Line(paper.Red, "THE MACHINE IS BEING ENDED: rung %s", paper.Visible(b.Acting))
	}
	c, text := paper.None, fmt.Sprintf("rungs that end the machine: %d of %d taken in %s", b.Used, b.Limit, paper.Visible(b.Window))
	if len(b.Rungs) > 0 {
		text += "; configured: " + strings.Join(slices.Sorted(maps.Keys(b.Rungs)), ", ")
	}
	if b.Lost != "" {
		c, text = paper.Red, text+"; taken for spent, as it is not known what counts: "+paper.Visible(b.Lost)
	}
	if b.FreeIn != nil {
		c, text = paper.Red, text+"; the next is allowed after "+paper.Age(*b.FreeIn)+" of running time, or after procward recover --all"
	}
	p.Line(c, "%s", text)
	if last := b.Last; last != nil {
		fate := map[string]string{"happened": "as asked", "missed": "did not happen"}[last.Outcome]
		if fate == "" {
			fate = "asked for"
		}
		p.Line(paper.None, "  the last: %s, %s %s ago: %s", paper.Visible(last.Rung), fate, paper.Age(now.Sub(last.At)), paper.Visible(last.Reason))
	}
	for _, rung := range slices.Sorted(maps.Keys(b.Rungs)) {
		if why := b.Rungs[rung]; why != "" {
			p.Line(paper.Red, "  %s is refused: %s", rung, paper.Visible(why))
		}
	}
}
