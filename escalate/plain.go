package escalate

import "procward/internal/scalar"

// Plain is the keys of a rung that has no keys of its own.
type Plain struct {
	Wait *scalar.Duration `yaml:"wait"` // after its action, to show a recovery; 60s
}

func (p *Plain) wait() *scalar.Duration { return p.Wait }
func (p *Plain) validate() error        { return nil }
func (p *Plain) words(int) string       { return "" }

// The rungs that end or reset the operating system: package power knows how.
type (
	// Shutdown powers the machine off.
	Shutdown struct {
		Plain `yaml:",inline"`
	}
	// Reboot reboots the machine.
	Reboot struct {
		Plain `yaml:",inline"`
	}
	// Panic crashes the kernel.
	Panic struct {
		Plain `yaml:",inline"`
	}
	// WatchdogReset lets the watchdog device reset the machine.
	WatchdogReset struct {
		Plain `yaml:",inline"`
	}
	// WatchdogPanic lets the watchdog's pretimeout panic the kernel.
	WatchdogPanic struct {
		Plain `yaml:",inline"`
	}
)

func (*Shutdown) deed() Deed      { return EndMachine{} }
func (*Reboot) deed() Deed        { return EndMachine{} }
func (*Panic) deed() Deed         { return EndMachine{} }
func (*WatchdogReset) deed() Deed { return EndMachine{} }
func (*WatchdogPanic) deed() Deed { return EndMachine{} }

// None ends the ladder: nothing above it is climbed.
type None struct {
	Plain `yaml:",inline"`
}

func (*None) deed() Deed { return Stay{} }
