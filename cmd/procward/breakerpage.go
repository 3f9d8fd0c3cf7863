package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"procward/internal/engine"
)

// showBreaker writes what reboot-limit stands at, if there is anything to say.
func showBreaker(p paper, b *engine.BreakerStatus, now time.Time) {
	if b == nil {
		return
	}
	if b.Acting != "" {
		p.line(red, "THE MACHINE IS BEING ENDED: rung %s", visible(b.Acting))
	}
	c, text := none, fmt.Sprintf("rungs that end the machine: %d of %d taken in %s", b.Used, b.Limit, visible(b.Window))
	if len(b.Rungs) > 0 {
		text += "; configured: " + strings.Join(slices.Sorted(maps.Keys(b.Rungs)), ", ")
	}
	if b.Lost != "" {
		c, text = red, text+"; taken for spent, as it is not known what counts: "+visible(b.Lost)
	}
	if b.FreeIn != nil {
		c, text = red, text+"; the next is allowed after "+age(*b.FreeIn)+" of running time, or after procward recover --all"
	}
	p.line(c, "%s", text)
	if last := b.Last; last != nil {
		fate := map[string]string{"happened": "as asked", "missed": "did not happen"}[last.Outcome]
		if fate == "" {
			fate = "asked for"
		}
		p.line(none, "  the last: %s, %s %s ago: %s", visible(last.Rung), fate, age(now.Sub(last.At)), visible(last.Reason))
	}
	for _, rung := range slices.Sorted(maps.Keys(b.Rungs)) {
		if why := b.Rungs[rung]; why != "" {
			p.line(red, "  %s is refused: %s", rung, visible(why))
		}
	}
}
