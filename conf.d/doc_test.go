package confd

import (
	"encoding"
	"fmt"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
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
