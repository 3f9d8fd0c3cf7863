package main

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	confd "procward/conf.d"
	"procward/internal/message"
)

// daemonKey is one key under daemon:, and who obeys it. The start and each reload put it in force
// in the same way.
type daemonKey struct {
	key string
	// obey puts the value in force. The words say why it is not, or not yet.
	obey func(d *daemon, ctx context.Context, now confd.Daemon) (waits string)
}

// daemonKeys is every key under daemon:.
var daemonKeys = []daemonKey{
	{"log", (*daemon).obeyLog},
	{"observe", (*daemon).obeyObserve},
	{"follow", (*daemon).obeyFollow},
	{"parallel-restarts", (*daemon).obeyParallel},
	{"pressure", (*daemon).obeyPressure},
	{"reboot-limit", byConfiguration},
	{"userspace", byConfiguration},
}

// byConfiguration is what the engine, or what ends the machine, takes from the whole.
func byConfiguration(*daemon, context.Context, confd.Daemon) string { return "" }

// obeyAll puts the settings of a start in force. The log is open already: else nothing could
// have been said.
func (d *daemon) obeyAll(ctx context.Context, now confd.Daemon) {
	for _, s := range daemonKeys {
		if s.key != "log" {
			s.obey(d, ctx, now)
		}
	}
}

// obeyChanged puts the settings that a reload has changed in force, tells of each, and gives
// what it tells.
func (d *daemon) obeyChanged(ctx context.Context, old, now confd.Daemon) (told []string) {
	for _, s := range daemonKeys {
		changed := differing(s.key, old, now)
		if len(changed) == 0 {
			continue
		}
		waits := s.obey(d, ctx, now)
		for _, c := range changed {
			kind, detail := message.SettingNow, c
			if waits != "" {
				kind, detail = message.SettingWaits, c+": "+waits
			}
			d.say(kind, detail)
			told = append(told, detail)
		}
	}
	return told
}

// differing is the values of a key, or of those below it, that two versions have not in
// common, in words.
func differing(key string, old, now confd.Daemon) (out []string) {
	was, is := leaves("daemon", reflect.ValueOf(old)), leaves("daemon", reflect.ValueOf(now))
	for i, leaf := range is {
		below := leaf.key == "daemon."+key || strings.HasPrefix(leaf.key, "daemon."+key+".")
		if below && leaf.value != was[i].value {
			out = append(out, fmt.Sprintf("%s is %s, it was %s", leaf.key, leaf.value, was[i].value))
		}
	}
	return out
}

type leaf struct{ key, value string }

// leaves is every value of a section by its key, in the order of the spec.
func leaves(key string, v reflect.Value) (out []leaf) {
	if v.Kind() == reflect.Pointer && v.IsNil() { // its values are absent
		for _, l := range leaves(key, reflect.Zero(v.Type().Elem())) {
			out = append(out, leaf{l.key, "not set"})
		}
		return out
	}
	v = reflect.Indirect(v)
	if _, is := v.Interface().(fmt.Stringer); is || v.Kind() != reflect.Struct || v.NumField() == 0 || v.Type().Field(0).Tag.Get("yaml") == "" {
		return []leaf{{key, inWordsOf(v)}}
	}
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
		out = append(out, leaves(key+"."+name, v.Field(i))...)
	}
	return out
}

func inWordsOf(v reflect.Value) string {
	if v.Kind() == reflect.Slice {
		var all []string
		for i := range v.Len() {
			all = append(all, fmt.Sprint(v.Index(i).Interface()))
		}
		return "[" + strings.Join(all, ", ") + "]"
	}
	return fmt.Sprint(v.Interface())
}

// obeyLog opens the log anew. What cannot be opened leaves the former one.
func (d *daemon) obeyLog(ctx context.Context, now confd.Daemon) string {
	log, is := d.log.(*message.Log)
	if !is || d.logTo == nil {
		return "this procward does not write its messages itself"
	}
	next, err := d.logTo(now.Log)
	if err != nil {
		return "the log stays where it is: " + err.Error()
	}
	finish := log.Turn(next)
	go func() { // it may take the patience of a log that hangs
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTime)
		defer cancel()
		if err := finish(ctx); err != nil {
			d.say(message.Fallback, "the former log did not take all: "+err.Error())
		}
	}()
	return ""
}

// obeyObserve leaves it to the engine: true suspends everything, false ends that. Who has begun
// to observe has no state, and goes on to observe.
func (d *daemon) obeyObserve(_ context.Context, now confd.Daemon) string {
	if d.observe && !now.Observe {
		return "procward has begun to observe, and does so until it is started again"
	}
	return ""
}

// obeyFollow follows the drop-ins, or does not any more.
func (d *daemon) obeyFollow(ctx context.Context, now confd.Daemon) string {
	switch {
	case !now.Follow && d.unfollow != nil:
		d.unfollow()
		d.unfollow = nil
	case now.Follow && d.unfollow == nil && d.follow != nil:
		d.unfollow = d.follow()
	}
	return ""
}

// obeyParallel makes threads for the scripts that run at once. How many may, the engine takes
// from the whole.
func (d *daemon) obeyParallel(_ context.Context, now confd.Daemon) string {
	if now.ParallelRestarts > d.threads {
		d.threads = now.ParallelRestarts
		reserveThreads(spareThreads + d.threads)
	}
	return ""
}

func (d *daemon) obeyPressure(_ context.Context, now confd.Daemon) string {
	d.host.SetPressure(now.Pressure)
	return ""
}
