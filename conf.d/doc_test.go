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
// other, each with its default; but for those of the tables that are generated.
func TestDocumentedKeys(t *testing.T) {
	documented := tables(pages(t))
	built := map[string]string{}
	daemon, userspace := DefaultDaemon(), power.DefaultUserspace()
	daemon.Userspace = &userspace
	for section, v := range map[string]any{
		"daemon": daemon, "processes.NAME": DefaultProcess(), "groups.NAME": escalate.DefaultGroup(), "monitors.NAME": DefaultMonitor(),
	} {
		collect(built, section, reflect.ValueOf(v))
	}
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
	for _, line := range strings.Split(marked.ReplaceAllString(page, ""), "\n") {
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
