package daemon

import (
	"context"
	"errors"
	"os"
	"time"

	"procward/internal/engine"
	"procward/internal/host"
	"procward/internal/procfile"
	"procward/internal/runlevel"
	"procward/internal/systemd"
	"procward/procscan"
)

// hostNews tells the engine about the host: its boot, its shutdowns, and that the daemon
// itself was stopped for a while.
type hostNews struct {
	voice *voice
	send  func(context.Context, engine.Input)
	link  *systemd.Link // nil where there is no systemd
}

// connectTime limits how long the start waits for systemd.
const connectTime = 5 * time.Second

// connect reaches systemd for the host, where it is there.
func (n *hostNews) connect(ctx context.Context, at *host.Host) {
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	link, err := systemd.Connect(ctx)
	switch {
	case err == nil:
		n.link, at.Systemd, at.OwnUnit = link, link, ownUnit()
	case errors.Is(err, systemd.ErrAbsent):
		at.Ends = runlevel.Host{}.Ends
	default:
		n.voice.fellBack("systemd is not asked about units: " + err.Error())
	}
}

// ownUnit is the unit that we run in, or empty.
func ownUnit() string {
	text, _ := os.ReadFile("/proc/self/cgroup")
	for _, g := range procfile.Groups(string(text)) {
		if u := procscan.UnitOf(g.Path); u != "" {
			return u
		}
	}
	return ""
}

// follow reports the state of the host at this moment, and each change until ctx is done.
func (n *hostNews) follow(ctx context.Context) {
	if n.link == nil {
		go n.followRunlevel(ctx)
		return
	}
	asking, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	switch state, err := n.link.Host(asking); {
	case err != nil:
	case state.Booting():
		n.send(ctx, engine.Booting{Yes: true})
	case state.Stopping(): // it tells later too, and perhaps too late
		n.ends(ctx, "the host is being shut down")
	}
	go func() {
		err := n.link.Watch(ctx, func(ev systemd.HostEvent) { n.event(ctx, ev) })
		if ctx.Err() == nil {
			n.voice.fellBack("shutdowns of the host are not announced any more: " + err.Error())
		}
	}()
}

func (n *hostNews) event(ctx context.Context, ev systemd.HostEvent) {
	switch ev.Kind {
	case systemd.BootFinished:
		n.send(ctx, engine.Booting{Yes: false})
	case systemd.ShutdownBegins:
		n.ends(ctx, ev.Why)
	case systemd.ShutdownCancelled:
		n.staysUp(ctx, ev.Why)
	}
}

// followRunlevel reports the shutdowns of a host without systemd.
func (n *hostNews) followRunlevel(ctx context.Context) {
	err := runlevel.Host{}.Watch(ctx, func(why string) {
		if why == "" {
			n.staysUp(ctx, "the host does not go down")
			return
		}
		n.ends(ctx, why)
	})
	if err != nil {
		n.voice.fellBack("shutdowns of the host are not noticed before something is missing: " + err.Error())
	}
}

func (n *hostNews) ends(ctx context.Context, why string) {
	n.voice.hostEnds.Store(true)
	n.send(ctx, engine.Suspend{Why: why, HostEnds: true})
}

func (n *hostNews) staysUp(ctx context.Context, why string) {
	n.voice.hostEnds.Store(false)
	n.send(ctx, engine.Resume{Why: why})
}

// osManager asks the systemd that the daemon is connected to. It may be used before that.
type osManager struct{ news *hostNews }

func (m osManager) PowerOff(ctx context.Context) error {
	return m.ask(ctx, (*systemd.Link).PowerOff)
}

func (m osManager) Reboot(ctx context.Context) error {
	return m.ask(ctx, (*systemd.Link).Reboot)
}

func (m osManager) ask(ctx context.Context, what func(*systemd.Link, context.Context) error) error {
	if m.news.link == nil {
		return errors.New("there is no systemd")
	}
	return what(m.news.link, ctx)
}
