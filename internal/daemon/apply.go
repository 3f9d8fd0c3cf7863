package daemon

import (
	"context"
	"maps"
	"reflect"
	"slices"

	confd "procward/conf.d"
	"procward/escalate"
	"procward/internal/control"
	"procward/internal/engine"
	"procward/internal/message"
)

// apply puts a configuration in force: the first one, and each that a reload brings. If a
// part cannot be carried out here, that becomes a problem of the configuration. applying
// is held.
func (d *Daemon) apply(ctx context.Context, cfg *confd.Config) control.Reloaded {
	cfg.Problems = append(cfg.Problems, d.power.ready(cfg)...)
	if d.claims != nil {
		d.claims.keep(d.loader.Claims())
	}
	r := control.Reloaded{Files: cfg.Files, Problems: cfg.Problems}
	var before *confd.Daemon
	if old := d.config; old != nil {
		r.Changed, before = changes(old, cfg), &old.Daemon
	}
	r.Settings = d.settings.obey(ctx, before, cfg.Daemon)
	d.config = cfg
	d.host.Scanner.SetScripts(cfg.Scripts())
	d.loop.Send(ctx, d.means())
	d.loop.Send(ctx, engine.Configured{Config: cfg})
	return r
}

// start puts the first configuration in force.
func (d *Daemon) start(ctx context.Context, first *confd.Config) {
	d.applying.Lock()
	defer d.applying.Unlock()
	d.apply(ctx, first)
	d.service.ready(len(first.Processes))
}

// Reload reads the drop-ins again and puts what is good in force.
func (d *Daemon) Reload(ctx context.Context) (control.Reloaded, error) {
	d.applying.Lock()
	defer d.applying.Unlock()
	d.service.reloading()
	defer func() { d.service.ready(len(d.config.Processes)) }()
	cfg, err := d.loader.Load()
	if err != nil {
		return control.Reloaded{}, err
	}
	return d.apply(ctx, cfg), ctx.Err()
}

// reload is a Reload that nobody waits for.
func (d *Daemon) reload(ctx context.Context) {
	if _, err := d.Reload(ctx); err != nil && ctx.Err() == nil {
		d.say(message.ConfigRejected, err.Error())
	}
}

// changes is the names of processes, groups and monitors that differ between two configurations.
func changes(old, now *confd.Config) []string {
	names := slices.Concat(differences(old.Processes, now.Processes), differences(old.Groups, now.Groups), differences(old.Monitors, now.Monitors))
	slices.Sort(names)
	return slices.Compact(names)
}

func differences[V confd.Process | escalate.Group | confd.Monitor](old, now map[string]V) []string {
	names := []string{}
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if before, was := old[name]; !was || !reflect.DeepEqual(before, now[name]) {
			names = append(names, name)
		}
	}
	for name := range old {
		if _, is := now[name]; !is {
			names = append(names, name)
		}
	}
	return names
}
