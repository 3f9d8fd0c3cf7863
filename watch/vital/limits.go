package vital

import (
	"errors"
	"strings"
	"time"

	"procward/internal/scalar"
	"procward/watch"
)

// Limits is what one process may use at most.
type Limits struct {
	RSS      *Memory `yaml:"rss"`      // memory: a size, or a share of the host's (MemTotal)
	CPU      *Limit  `yaml:"cpu"`      // a share of one CPU, from one reading to the next: 95%, 250%
	FDs      *Limit  `yaml:"fds"`      // open descriptors: a number, or a share of its soft limit
	Threads  *Limit  `yaml:"threads"`  // a number
	Children *Limit  `yaml:"children"` // direct children, zombies among them: a number
	Zombies  *Limit  `yaml:"zombies"`  // children that it has not reaped: a number
	Growth   *Growth `yaml:"growth"`
}

// Limit is one bound: bad is what was above Max at every reading for the time of For.
type Limit struct {
	Max    Amount          `yaml:"max"`
	For    scalar.Duration `yaml:"for"`    // 60s, held without a break
	Action watch.Action    `yaml:"action"` // restart
}

// DefaultLimit is a Limit before its keys are read.
func DefaultLimit() Limit {
	return Limit{For: scalar.Duration(time.Minute), Action: watch.ActRestart}
}

// SetDefaults is for who reads the keys.
func (l *Limit) SetDefaults() { *l = DefaultLimit() }

// Growth is about leaks: values that grow and never fall over a window.
type Growth struct {
	RSS     *Leak `yaml:"rss"`
	FDs     *Leak `yaml:"fds"`
	Threads *Leak `yaml:"threads"`
}

// Leak is one value that must not only ever grow. Bad is a value that over For never fell
// from one reading to the next, was larger at the end of each eighth of For than at its
// beginning, and has become larger by at least By since that growth began. So neither the
// first growth of a program that then stays as it is, nor a single page, is a leak.
type Leak struct {
	For    scalar.Duration `yaml:"for"`    // 24h
	By     Amount          `yaml:"by"`     // 10%, of what it was when the growth began; or a number (rss: a size)
	Action watch.Action    `yaml:"action"` // report
}

// DefaultLeak is a Leak before its keys are read.
func DefaultLeak() Leak {
	return Leak{For: scalar.Duration(24 * time.Hour), By: Amount{Form: Share, Share: 0.1}, Action: watch.ActReport}
}

// SetDefaults is for who reads the keys.
func (l *Leak) SetDefaults() { *l = DefaultLeak() }

// bound says what an amount may be.
type bound struct {
	forms   []Form
	example string  // in words
	least   int64   // of a number
	share   float64 // a share must be below this; 0: any
}

var memoryBound = bound{forms: []Form{Size, Share}, example: "a size like 2GiB, or a share of the host's memory like 50%", share: 1}

// bounds are those of max.
var bounds = map[kind]bound{
	rss:      memoryBound,
	pss:      memoryBound,
	private:  memoryBound,
	tree:     memoryBound,
	cpu:      {forms: []Form{Share}, example: "a share of one CPU like 95% or 250%"},
	fds:      {forms: []Form{Number, Share}, example: "a number like 500, or a share of the process's limit like 90%", least: 1, share: 1},
	threads:  {forms: []Form{Number}, example: "a number like 500", least: 1},
	children: {forms: []Form{Number}, example: "a number like 500"},
	zombies:  {forms: []Form{Number}, example: "a number like 10"},
}

// growths are those of by.
var growths = map[kind]bound{
	rssGrowth:     {forms: []Form{Size, Share}, example: "a size like 100MiB, or a share like 10%"},
	fdsGrowth:     {forms: []Form{Number, Share}, example: "a number like 100, or a share like 10%", least: 1},
	threadsGrowth: {forms: []Form{Number, Share}, example: "a number like 100, or a share like 10%", least: 1},
}

func (b bound) check(key string, a Amount) error {
	if a.Form == NotGiven {
		return scalar.Errorf(key, "is missing: write %s", b.example)
	}
	fits := false
	for _, f := range b.forms {
		fits = fits || f == a.Form
	}
	switch {
	case !fits:
		return scalar.Errorf(key, "%s is a %s: write %s", a, a.Form, b.example)
	case a.Form == Number && a.N < b.least, a.Form == Size && a.N <= 0, a.Form == Share && a.Share <= 0:
		return scalar.Errorf(key, "%s is too small: write %s", a, b.example)
	case a.Form == Share && b.share > 0 && a.Share >= b.share:
		return scalar.Errorf(key, "%s is never exceeded: write less than %s", a, percent(b.share))
	}
	return nil
}

// Validate reports, as KeyErrors, what makes no sense.
func (l Limits) Validate() error {
	var errs []error
	if l.RSS != nil {
		errs = append(errs, scalar.Under("rss", l.RSS.Kind.Validate()))
	}
	for _, x := range l.all() {
		key := x.kind.String()
		errs = append(errs, bounds[x.kind].check(key+".max", x.limit.Max),
			positive(key+".for", x.limit.For), scalar.Under(key, x.limit.Action.Validate()))
	}
	for _, x := range l.leaks() {
		key := "growth." + strings.TrimSuffix(x.kind.String(), "-growth")
		errs = append(errs, growths[x.kind].check(key+".by", x.leak.By),
			positive(key+".for", x.leak.For), scalar.Under(key, x.leak.Action.Validate()))
	}
	return errors.Join(errs...)
}

type kindLimit struct {
	kind  kind
	limit *Limit
}

// all are the limits that are set.
func (l Limits) all() []kindLimit {
	var set []kindLimit
	if l.RSS != nil {
		set = append(set, kindLimit{l.RSS.kind(), &l.RSS.Limit})
	}
	for _, x := range []kindLimit{{cpu, l.CPU}, {fds, l.FDs}, {threads, l.Threads}, {children, l.Children}, {zombies, l.Zombies}} {
		if x.limit != nil {
			set = append(set, x)
		}
	}
	return set
}

type kindLeak struct {
	kind kind
	leak *Leak
}

// leaks are those that are set.
func (l Limits) leaks() []kindLeak {
	if l.Growth == nil {
		return nil
	}
	var set []kindLeak
	for _, x := range []kindLeak{{rssGrowth, l.Growth.RSS}, {fdsGrowth, l.Growth.FDs}, {threadsGrowth, l.Growth.Threads}} {
		if x.leak != nil {
			set = append(set, x)
		}
	}
	return set
}
