package rehearse

import (
	"container/heap"
	"fmt"
	"strconv"
	"time"

	confd "procward/conf.d"
	"procward/internal/engine"
)

// Epoch is where the virtual clock begins: CLOCK_BOOTTIME of a host that has run for a while.
const Epoch = 1000 * time.Second

// core is a machine and the virtual clock that it lives by; the parts of a world share it.
type core struct {
	Machine *engine.Machine
	Config  *confd.Config
	Now     time.Duration // the virtual clock
	BootAt  time.Duration // when the host was booted
	Boots   int
	Life    int // how often the machine was begun anew
	clock   agenda
	observe bool // this life does nothing, and so keeps nothing

	After func()            // is called after each step
	Fail  func(text string) // is told what must never happen; nil: see Broken

	Most   int    // steps in one Run, after which the machine does not come to rest
	Broken string // the first thing that must never happen

	keep  func([]engine.Effect) []engine.Effect  // takes what is to be kept, and gives the rest
	carry func(rest []engine.Effect) (dies bool) // carries out the first
}

// mostSteps is after how many steps in one Run the machine does not come to rest, where
// nothing else is said.
const mostSteps = 200_000

// live makes a machine, which does nothing before it is configured.
func (c *core) live(seed uint64) {
	c.observe = c.Config.Daemon.Observe
	c.Machine = engine.NewMachine(c.observe, seed)
}

// Moment is this moment as the machine is told it.
func (c *core) Moment() engine.Moment {
	return engine.Moment{Boot: "boot " + strconv.Itoa(c.Boots), Uptime: c.Uptime(), Wall: time.Unix(1e9, 0).Add(c.Now)}
}

// Uptime is CLOCK_BOOTTIME of the present boot.
func (c *core) Uptime() time.Duration { return c.Now - c.BootAt }

// At plans something.
func (c *core) At(after time.Duration, do func()) { c.clock.add(c.Now+after, do) }

// Later plans something that the machine of this life will be told.
func (c *core) Later(after time.Duration, in engine.Input) {
	c.alive(after, func() { c.Step(in) })
}

// alive plans something for as long as the machine of this life is there.
func (c *core) alive(after time.Duration, do func()) {
	life := c.Life
	c.At(after, func() {
		if c.Life == life {
			do()
		}
	})
}

// Step gives the machine an input, and begins the effects.
func (c *core) Step(in engine.Input) {
	life := c.Life
	effects := c.keep(c.Machine.Step(c.Moment(), in))
	if c.After != nil {
		c.After()
	}
	for i := range effects {
		if c.Life != life || c.carry(effects[i:]) {
			return
		}
	}
}

// Run lets the virtual time pass.
func (c *core) Run(d time.Duration) { c.RunUntil(d, func() bool { return false }) }

// RunUntil lets the virtual time pass until something is true, at most for d.
func (c *core) RunUntil(d time.Duration, done func() bool) {
	end := c.Now + d
	for steps := 0; !done(); steps++ {
		if steps > c.Most {
			c.fail("the machine does not come to rest at %v", c.Now)
			return
		}
		at, isWake := end+1, false
		if len(c.clock.queue) > 0 {
			at = c.clock.queue[0].at
		}
		if wake, ok := c.Machine.Wake(); ok && c.BootAt+wake < at {
			at, isWake = max(c.BootAt+wake, c.Now), true
		}
		if at > end {
			c.Now = end
			return
		}
		c.Now = at
		if isWake {
			c.Step(engine.Tick{})
			continue
		}
		heap.Pop(&c.clock.queue).(appointment).do()
	}
}

// fail says that something has happened which must never happen.
func (c *core) fail(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if c.Fail != nil {
		c.Fail(text)
	} else if c.Broken == "" {
		c.Broken = text
	}
}
