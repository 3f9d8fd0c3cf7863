package host

import (
	"maps"
	"slices"
	"time"

	"procward/internal/engine"
	"procward/procscan"
	"procward/procscan/traits"
)

// firstTime limits the first reading of what was found, within one look. The rest is read
// soon after.
const firstTime = 300 * time.Millisecond

// first reads what was just found in the same look: it may die at once.
func (b *memoir) first(l engine.Look, found map[string]engine.Finding) {
	var names []string
	var wants []traits.Want
	for name, want := range l.Of {
		if f := found[name]; want.First && f.Err == nil && f.Traits == nil {
			for _, q := range f.Selection.Selected {
				names, wants = append(names, name), append(wants, traits.Want{ID: q.ID})
			}
		}
	}
	for began := time.Now(); len(wants) > 0 && time.Since(began) < firstTime; {
		n := min(len(wants), batch)
		got := b.reader.Read(wants[:n])
		for i, w := range wants[:n] {
			f := found[names[i]]
			if g, ok := got[w.ID]; ok {
				if f.Traits == nil {
					f.Traits = map[procscan.ID]traits.Got{}
				}
				f.Traits[w.ID] = g
				found[names[i]] = f
			}
		}
		names, wants = names[n:], wants[n:]
	}
}

// evidence reads, of what was found, what the judgement after a death needs.
func (b *memoir) evidence(l engine.Look, found map[string]engine.Finding) {
	for name, want := range l.Of {
		f := found[name]
		if !want.Judged && !want.Counted && len(want.Kept) == 0 || f.Err != nil {
			continue
		}
		f.Gone = b.reader.Gone(want.Kept)
		var wants []traits.Want
		f.Moved = map[procscan.ID]time.Duration{}
		matching := f.Selection.Matching
		if !want.Judged {
			matching = slices.DeleteFunc(slices.Clone(matching), func(q procscan.Process) bool { return !slices.Contains(want.Kept, q.ID) })
			if want.Counted {
				matching = append(matching, f.Selection.Roots()...)
			}
		}
		for _, q := range matching {
			if !want.Judged || !want.Known[q.ID] || want.Beside[q.ID] {
				wants = append(wants, traits.Want{ID: q.ID, Places: want.Places, Parent: true})
			}
		}
		for id := range want.Known {
			if at := b.movedAt(id); at != 0 {
				f.Moved[id] = at
			}
		}
		if len(wants) > 0 {
			f.Traits = b.reader.Read(wants)
		}
		if want.Judged && len(want.Places) > 0 {
			f.Holders = b.reader.Holders(want.Places, sessionsOf(want), knownTo(f, want))
		}
		found[name] = f
	}
}

// sessionsOf is the sessions that processes that died, or are tracked, may have led.
func sessionsOf(l engine.LookFor) map[int]bool {
	out := make(map[int]bool, len(l.Known))
	for id := range l.Known {
		out[id.PID] = true
	}
	return out
}

// knownTo is what a look knows without a search: what matches, what is tracked, and the
// dead.
func knownTo(f engine.Finding, l engine.LookFor) map[procscan.ID]bool {
	out := maps.Clone(l.Known)
	for _, q := range f.Selection.Matching {
		out[q.ID] = true
	}
	return out
}
