package confd

import (
	"encoding/hex"
	"maps"
	"slices"

	"procward/escalate"
)

// candidate is one drop-in at a load: its newest version, and its last good version.
type candidate struct {
	newest, good *version // good is nil if there never was one, as far as this process knows
	claim        claim
	use          *version // the version in use: newest, good, or nil for none
	rejected     bool     // newest is not wanted
	problems     []Problem
}

// settled reports whether the version in use was in force before.
func (c *candidate) settled() bool {
	if c.good == nil {
		return c.use == c.newest && c.claim.sum == hex.EncodeToString(c.newest.sum[:])
	}
	return c.use == c.good
}

// reject replaces the newest version by the last good one, if there is one.
func (c *candidate) reject(ps ...Problem) {
	c.problems = append(c.problems, ps...)
	c.rejected = true
	if c.use == c.good {
		c.use = nil
	} else {
		c.use = c.good
	}
}

// candidates is every drop-in of a load, in the byte order of the names.
type candidates []*candidate

// compose chooses the version of every drop-in, so that all versions in use agree, and
// puts them together. Versions that were in force come before changed ones, and a drop-in
// that has used a name before comes before one that has not. Otherwise the byte order of
// the names decides, without .yaml at their end.
func (cs candidates) compose() *Config {
	for _, c := range cs {
		c.use = c.newest
		if c.newest.bad() {
			c.reject()
		} else if c.good != nil && c.good.sum == c.newest.sum {
			c.good = c.newest
		}
	}
	for cs.clash() || cs.dangling() {
	}
	out := cs.assemble()
	cs.mend(out)
	for _, c := range cs {
		out.Files = append(out.Files, File{Name: c.newest.file, Rejected: c.rejected, Stale: c.rejected && c.use != nil})
		out.Problems = append(append(out.Problems, c.newest.problems...), c.problems...)
	}
	sortProblems(out.Problems)
	out.Problems = slices.Compact(out.Problems)
	return out
}

// byClaim orders the candidates: what was in force first.
func (cs candidates) byClaim() candidates {
	out := slices.Clone(cs)
	slices.SortStableFunc(out, func(a, b *candidate) int {
		switch {
		case a.settled() == b.settled():
			return byName(a, b)
		case a.settled():
			return -1
		}
		return 1
	})
	return out
}

// clash rejects a drop-in with a name to which another one has the better claim, and
// reports whether there was one.
func (cs candidates) clash() bool {
	type holding struct {
		by *candidate
		n  declared
	}
	first := map[string]holding{}
	for _, c := range cs.byClaim() {
		if c.use == nil {
			continue
		}
		for _, n := range c.use.names {
			before, ok := first[n.name]
			switch {
			case !ok:
				first[n.name] = holding{c, n}
			case c.claim.names[n.name] && !before.by.claim.names[n.name] && !before.by.settled():
				before.by.reject(before.by.taken(c)...)
				return true
			default:
				c.reject(c.taken(before.by)...)
				return true
			}
		}
	}
	return false
}

// taken returns the names of a candidate that another one has.
func (c *candidate) taken(by *candidate) []Problem {
	var ps []Problem
	for _, n := range c.use.names {
		if i := slices.IndexFunc(by.use.names, func(o declared) bool { return o.name == n.name }); i >= 0 {
			ps = append(ps, taken(n, by.use.names[i]))
		}
	}
	return ps
}

// dangling rejects the drop-ins whose references lead nowhere or in a circle, and reports
// whether there was one. A version that was in force stays; mend leaves out the
// reference.
func (cs candidates) dangling() bool {
	whole, gone := cs.assemble(), cs.lost()
	wrong := map[*candidate][]Problem{}
	for _, f := range whole.faults(cs.rank(whole)) {
		if c := cs.holder(whole, f.from); !c.settled() && (f.circle || !gone.perhaps(f.to)) {
			wrong[c] = append(wrong[c], whole.At(f.section, f.from, f.key, f.text))
		}
	}
	for c, ps := range wrong {
		c.reject(ps...)
	}
	return len(wrong) > 0
}

// assemble puts the chosen versions together.
func (cs candidates) assemble() *Config {
	out := &Config{
		Daemon: DefaultDaemon(), Processes: map[string]Process{}, Groups: map[string]escalate.Group{}, Monitors: map[string]Monitor{},
		origins: map[string]origin{},
	}
	for _, c := range cs {
		if c.use == nil {
			continue
		}
		if c.use.dropin.Daemon != nil {
			out.Daemon = *c.use.dropin.Daemon
		}
		maps.Copy(out.Processes, c.use.dropin.Processes)
		maps.Copy(out.Groups, c.use.dropin.Groups)
		maps.Copy(out.Monitors, c.use.dropin.Monitors)
		for _, n := range c.use.names {
			out.origins[n.name] = n.origin
		}
	}
	return out
}
