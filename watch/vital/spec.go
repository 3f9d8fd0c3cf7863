// Package vital sees from /proc and sock_diag whether a tracked process makes progress
// and keeps its limits, without touching it. The judgement is pure; one reader serves
// all processes of a tick.
package vital

import (
	"procward/internal/scalar"
	"procward/watch"
)

// Sign is one passive sign of a stall: exactly one of its fields is set.
type Sign struct {
	Stopped         *scalar.Duration `yaml:"stopped"`         // state T, or a frozen cgroup, for this long
	Uninterruptible *scalar.Duration `yaml:"uninterruptible"` // a thread in D without one context switch for this long
	Spinning        *scalar.Duration `yaml:"spinning"`        // CPU time grows without one voluntary switch for this long
	Backlog         *scalar.Duration `yaml:"backlog"`         // an accept queue neither empty nor shrinking for this long
}

// Limits is what one process may use at most.
type Limits struct {
	RSS      *Limit  `yaml:"rss"`
	CPU      *Limit  `yaml:"cpu"`
	FDs      *Limit  `yaml:"fds"`
	Threads  *Limit  `yaml:"threads"`
	Children *Limit  `yaml:"children"`
	Zombies  *Limit  `yaml:"zombies"`
	Growth   *Growth `yaml:"growth"`
}

// Limit is one bound.
type Limit struct {
	Max    Amount          `yaml:"max"`
	For    scalar.Duration `yaml:"for"`    // held without a break
	Action watch.Action    `yaml:"action"` // restart
}

// Growth is a leak: a value that grows and never falls over a window.
type Growth struct {
	RSS     *Leak `yaml:"rss"`
	FDs     *Leak `yaml:"fds"`
	Threads *Leak `yaml:"threads"`
}

// Leak is one value that must not only ever grow.
type Leak struct {
	For    scalar.Duration `yaml:"for"`
	Action watch.Action    `yaml:"action"` // report
}

// Amount is a number, a size ("2GiB") or a share ("90%").
type Amount struct {
	N     int64   // number or bytes; 0 where it is a share
	Share float64 // 0.9 for 90%; 0 where it is a number
}

// Spec is everything passive about one process.
type Spec struct {
	Signs  []Judged // the passive items under stall:
	Limits Limits
}

// Judged is a passive sign with what follows from it.
type Judged struct {
	Sign
	Action watch.Action
}
