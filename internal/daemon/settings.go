package daemon

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	confd "procward/conf.d"
	"procward/internal/message"
	"procward/watch/probe"
)

// settings is everything that the keys under daemon: act on.
type settings struct {
	voice    *voice
	observes bool                                  // procward has begun to observe
	logTo    func(confd.Log) (*message.Log, error) // opens a log; nil: the log belongs to somebody else
	follow   func() (stop func())                  // follows the drop-ins; nil: not yet
	unfollow func()                                // nil: they are not followed
	pressure func(probe.Pressure)                  // sets from when on the host counts as busy
	threads  int                                   // that were made for scripts
}

// daemonKey is one key under daemon:, and how it is put in force. The start and each
// reload do it in the same way.
type daemonKey struct {
	key string
	// obey puts the value in force. It says why it is not, or not yet.
	obey func(s *settings, ctx context.Context, now confd.Daemon) (waits string)
}

// daemonKeys is every key under daemon:.
var daemonKeys = []daemonKey{
	{"log", (*settings).log},
	{"observe", (*settings).observe},
	{"follow", (*settings).following},
	{"parallel-restarts", (*settings).parallelRestarts},
	{"pressure", (*settings).busyAt},
	{"reboot-limit", byConfiguration},
	{"userspace", byConfiguration},
}

// byConfiguration is for what the engine, or what ends the machine, takes from the whole.
func byConfiguration(*settings, context.Context, confd.Daemon) string { return "" }

// obey puts the settings of a configuration in force: at the start, when old is nil, all
// of them except the log, which is open already; at a reload those that have changed, and
// reports each. It returns its reports.
func (s *settings) obey(ctx context.Context, old *confd.Daemon, now confd.Daemon) (told []string) {
	for _, k := range daemonKeys {
		if old == nil {
			if k.key != "log" {
				k.obey(s, ctx, now)
			}
			continue
		}
		changed := differing(k.key, *old, now)
		if len(changed) == 0 {
			continue
		}
		waits := k.obey(s, ctx, now)
		for _, c := range changed {
			kind, detail := message.SettingNow, c
			if waits != "" {
				kind, detail = message.SettingWaits, c+": "+waits
			}
			s.voice.say(kind, detail)
			told = append(told, detail)
		}
	}
	return told
}

// differing is the values of a key, or of those below it, that differ between two
// versions, in words.
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

// log opens the log again. If it cannot be opened the former one stays.
func (s *settings) log(ctx context.Context, now confd.Daemon) string {
	log, is := s.voice.log.(*message.Log)
	if !is || s.logTo == nil {
		return "this procward does not write its messages itself"
	}
	next, err := s.logTo(now.Log)
	if err != nil {
		return "the log stays where it is: " + err.Error()
	}
	finish := log.Turn(next)
	go func() { // it may take the patience of a log that hangs
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTime)
		defer cancel()
		if err := finish(ctx); err != nil {
			s.voice.say(message.Fallback, "the former log did not take all: "+err.Error())
		}
	}()
	return ""
}

// observe leaves it to the engine: true suspends everything, false ends that. A daemon
// that has begun to observe has no state, and goes on to observe.
func (s *settings) observe(_ context.Context, now confd.Daemon) string {
	if s.observes && !now.Observe {
		return "procward has begun to observe, and does so until it is started again"
	}
	return ""
}

// following follows the drop-ins, or does not any more.
func (s *settings) following(_ context.Context, now confd.Daemon) string {
	switch {
	case !now.Follow && s.unfollow != nil:
		s.unfollow()
		s.unfollow = nil
	case now.Follow && s.unfollow == nil && s.follow != nil:
		s.unfollow = s.follow()
	}
	return ""
}

// parallelRestarts makes threads for the scripts that run at the same time. The number
// that is allowed the engine takes from the whole.
func (s *settings) parallelRestarts(_ context.Context, now confd.Daemon) string {
	if now.ParallelRestarts > s.threads {
		s.threads = now.ParallelRestarts
		reserveThreads(spareThreads + s.threads)
	}
	return ""
}

// busyAt sets from when on the host is too busy for timeouts to show anything.
func (s *settings) busyAt(_ context.Context, now confd.Daemon) string {
	s.pressure(now.Pressure)
	return ""
}
