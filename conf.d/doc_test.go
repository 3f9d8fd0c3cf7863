package confd

import (
	"encoding"
	"fmt"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"procward/escalate"
	"procward/escalate/power"
	"procward/internal/scalar"
	"procward/watch/probe"
	"procward/watch/vital"
)

// pages are the text of docs/configuration.md and of the pages by subject below it.
func pages(t *testing.T) string {
	t.Helper()
	names, err := filepath.Glob("../docs/configuration/*.md")
	if err != nil || len(names) == 0 {
		t.Fatal("no pages", err)
	}
	text := ""
	for _, name := range append(names, "../docs/configuration.md") {
		text += string(readFile(t, name))
	}
	return text
}

// TestDocumentedKeys holds that the pages of the configuration have every key, and no
// other, each with its default.
func TestDocumentedKeys(t *testing.T) {
	documented := tables(pages(t))
	built := map[string]string{}
	daemon, userspace := DefaultDaemon(), power.DefaultUserspace()
	daemon.Userspace = &userspace
	for section, v := range map[string]any{
		"daemon": daemon, "processes.NAME": DefaultProcess(), "groups.NAME": escalate.DefaultGroup(), "escalate": defaultRung(),
		"stall": defaultSign(), "limits": defaultLimits(), "monitors.NAME": DefaultMonitor(),
	} {
		collect(built, section, reflect.ValueOf(v))
	}
	built["stall.heartbeat.max-age"], built["stall.notify.max-age"] = "", "" // required
	for _, elsewhere := range []string{"processes.NAME.limits", "monitors.NAME"} {
		for _, key := range fields(reflect.TypeFor[vital.Limits]()) {
			delete(built, elsewhere+"."+key)
		}
		for _, key := range fields(reflect.TypeFor[probe.Check]()) {
			delete(built, elsewhere+"."+key)
		}
	}
	for key, value := range built {
		if got, ok := documented[key]; !ok {
			t.Errorf("%s is not documented; its default is %q", key, value)
		} else if got != value {
			t.Errorf("%s: documented default %q, built %q", key, got, value)
		}
	}
	for key := range documented {
		if _, ok := built[key]; !ok {
			t.Errorf("%s is documented and does not exist", key)
		}
	}
}

var (
	heading = regexp.MustCompile("^#+ `(.*)`$")
	row     = regexp.MustCompile("^\\| `([^`]*)` \\| (?:`([^`]*)` )?\\| .")
)

// tables are the keys and defaults of the pages: the headings that are keys go before
// those in the tables below them, also below headings of a lower level.
func tables(page string) map[string]string {
	out, section, at := map[string]string{}, "", 0
	for _, line := range strings.Split(page, "\n") {
		level := len(line) - len(strings.TrimLeft(line, "#"))
		if level > 0 && level <= at {
			section = ""
		}
		if m := heading.FindStringSubmatch(line); m != nil {
			section, at = m[1], level
		} else if m := row.FindStringSubmatch(line); m != nil && section != "" {
			out[section+"."+m[1]] = m[2]
		}
	}
	return out
}

// collect notes every key below v with its default, "" for a section and for nothing.
func collect(into map[string]string, path string, v reflect.Value) {
	for _, key := range fields(v.Type()) {
		i, _ := field(v.Type(), key)
		f := v.FieldByIndex(i)
		if f.Kind() == reflect.Pointer && !f.IsNil() {
			f = f.Elem()
		}
		into[path+"."+key] = inWords(f)
		if f.Kind() == reflect.Struct {
			collect(into, path+"."+key, f)
		}
	}
}

// inWords is a default as it is written in YAML.
func inWords(v reflect.Value) string {
	if v.Kind() == reflect.Pointer { // nil: nothing
		return ""
	}
	if text, ok := v.Interface().(encoding.TextMarshaler); ok {
		b, _ := text.MarshalText()
		return string(b)
	}
	switch {
	case v.Kind() == reflect.Struct, v.Kind() == reflect.Map, v.Kind() == reflect.Slice && v.Len() == 0:
		return ""
	case v.Kind() == reflect.Slice:
		return strings.ReplaceAll(fmt.Sprint(v.Interface()), " ", ", ")
	}
	return fmt.Sprint(v.Interface())
}

// defaultRung has every rung set, with its defaults and those that zero values stand for.
func defaultRung() escalate.Rung {
	r := escalate.Rung{}
	v := reflect.ValueOf(&r).Elem()
	wait := scalar.Duration(escalate.DefaultWait)
	for i := range v.NumField() {
		row := v.Field(i)
		row.Set(reflect.New(row.Type().Elem()))
		preset(row.Elem())
		row.Elem().FieldByName("Wait").Set(reflect.ValueOf(&wait))
	}
	return r
}

// defaultSign has every kind set, with its defaults.
func defaultSign() Sign {
	s := Sign{Check: probe.DefaultCheck()}
	web, program := probe.DefaultHTTP(), probe.DefaultExec()
	tls := probe.DefaultTLS()
	web.TLS = &tls
	s.HTTP, s.Exec, s.TCP, s.Unix, s.Heartbeat, s.Notify = &web, &program, &probe.TCP{}, &probe.Unix{}, &probe.Heartbeat{}, &probe.Notify{}
	return s
}

// defaultLimits has every limit set, with its defaults.
func defaultLimits() vital.Limits {
	memory, limit, leak := vital.DefaultMemory(), vital.DefaultLimit(), vital.DefaultLeak()
	return vital.Limits{
		RSS: &memory, CPU: &limit, FDs: &limit, Threads: &limit, Children: &limit, Zombies: &limit,
		Growth: &vital.Growth{RSS: &leak, FDs: &leak, Threads: &leak},
	}
}

// TestDocumentedExample holds that the drop-ins shown on the pages are good.
func TestDocumentedExample(t *testing.T) {
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(pages(t), -1)
	if len(blocks) == 0 {
		t.Fatal("no drop-in on the pages")
	}
	for _, b := range blocks {
		if c := loadOne(t, "a.yaml", []byte(b[1])); len(c.Problems) > 0 {
			t.Errorf("%s\n%s", show(c.Problems), b[1])
		}
	}
}
