package confd

import (
	"encoding"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"procward/escalate"
	"procward/procscan"
	"procward/restart"
	"procward/watch/probe"
	"procward/watch/vital"
)

//go:generate go test . -run GeneratedTables -update

// generated are the tables that the pages have between markers, <!-- begin NAME --> and
// <!-- end NAME -->. What stands in them is said by the specs: the keys, their defaults, and
// the comments of the fields. The keys of elsewhere have a table of their own, or are told
// of in another way.
var generated = map[string]struct {
	of        any
	elsewhere []string
}{
	"daemon":  {of: DefaultDaemon()},
	"process": {of: DefaultProcess(), elsewhere: []string{"match.*", "restart.*", "limits.*"}},
	"match":   {of: procscan.DefaultMatch()},
	"restart": {of: restart.DefaultSpec(), elsewhere: []string{"dump.*"}},
	"signs":   {of: vital.Sign{}},
	"checks":  {of: probe.DefaultCheck()},
	"probes":  {of: probe.Kinds{}},
	"limits":  {of: vital.Limits{}, elsewhere: []string{"*.max", "*.by", "*.for", "*.action"}},
	"limit":   {of: vital.DefaultLimit()},
	"leak":    {of: vital.DefaultLeak()},
	"group":   {of: escalate.DefaultGroup()},
	"monitor": {of: DefaultMonitor()},
	"rungs":   {of: escalate.Rung{}, elsewhere: []string{"*.wait"}},
}

// marked is a table between its markers.
var marked = regexp.MustCompile(`(?s)<!-- begin ([a-z]+) -->\n.*?<!-- end [a-z]+ -->`)

// TestGeneratedTables holds that the pages say what the specs say, each table once; with
// -update it writes them anew.
func TestGeneratedTables(t *testing.T) {
	said := comments(t, "../conf.d", "../procscan", "../restart", "../watch/probe", "../watch/vital", "../escalate", "../escalate/power")
	names, err := filepath.Glob("../docs/configuration/*.md")
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, name := range names {
		have := string(readFile(t, name))
		want := marked.ReplaceAllStringFunc(have, func(block string) string {
			table := marked.FindStringSubmatch(block)[1]
			count[table]++
			g := generated[table]
			if g.of == nil {
				t.Fatalf("%s: there is no table %s", name, table)
			}
			v := reflect.New(reflect.TypeOf(g.of)).Elem()
			v.Set(reflect.ValueOf(g.of))
			page := &tablePage{t: t, said: said, elsewhere: g.elsewhere}
			page.rows("", v)
			return fmt.Sprintf("<!-- begin %s -->\n| key | default | meaning |\n|---|---|---|\n%s<!-- end %[1]s -->", table, page.text.String())
		})
		if *update && want != have {
			if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		} else if want != have {
			t.Errorf("%s is not what the specs say; run: make generate", name)
		}
	}
	for table := range generated {
		if count[table] != 1 {
			t.Errorf("the table %s stands on the pages %d times", table, count[table])
		}
	}
}

// TestEveryKeyIsDocumented holds that each key of a drop-in stands on the pages: in a table, or
// in the text between them.
func TestEveryKeyIsDocumented(t *testing.T) {
	text := pages(t)
	for _, key := range keysOf(reflect.TypeFor[dropin](), "") {
		word := key[strings.LastIndexByte(key, '.')+1:]
		if !regexp.MustCompile("`([a-z.-]*\\.)?" + word + "`|[{ \n]" + word + ":").MatchString(text) {
			t.Errorf("the key %s is not on the pages", key)
		}
	}
}

// tablePage is a table that is written.
type tablePage struct {
	t         *testing.T
	said      map[string]string
	elsewhere []string
	text      strings.Builder
}

// rows writes the keys of a struct, and those of each section below it.
func (p *tablePage) rows(above string, v reflect.Value) {
	for i := range v.NumField() {
		f, key := v.Field(i), v.Type().Field(i).Tag.Get("yaml")
		switch {
		case key == inline && above == "": // the kinds of a check have their own table
			continue
		case key == inline:
			p.rows(above, f)
			continue
		case key == "-", p.isElsewhere(join(above, key)):
			continue
		}
		if f.Kind() == reflect.Pointer {
			f = reflect.New(f.Type().Elem()).Elem()
			preset(f)
			if given := v.Field(i); !given.IsNil() {
				f = given.Elem()
			}
		}
		p.row(above, key, v.Type(), f)
		if f.Kind() == reflect.Struct && len(fields(f.Type())) > 0 {
			p.rows(join(above, key), f)
		}
	}
}

func (p *tablePage) isElsewhere(key string) bool {
	return slices.ContainsFunc(p.elsewhere, func(pattern string) bool {
		match, err := path.Match(pattern, key)
		if err != nil {
			p.t.Fatal(err)
		}
		return match
	})
}

func (p *tablePage) row(above, key string, in reflect.Type, f reflect.Value) {
	meaning := p.said[path.Base(in.PkgPath())+"."+in.Name()+"."+key]
	if meaning == "" {
		p.t.Errorf("the key %s of %s has no comment", key, in)
	}
	value := inWords(f)
	if value != "" && !strings.HasSuffix(meaning, "Required") && in != reflect.TypeFor[vital.Sign]() { // without a sign there is none
		value = " `" + value + "`"
	} else {
		value = ""
	}
	fmt.Fprintf(&p.text, "| `%s` |%s | %s |\n", join(above, key), value, meaning)
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

// comments are those of the fields of the structs of packages, by package, type and key, each
// in one line.
func comments(t *testing.T, dirs ...string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, dir := range dirs {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(parsed, func(n ast.Node) bool {
				if spec, is := n.(*ast.TypeSpec); is {
					note(out, filepath.Base(dir)+"."+spec.Name.Name+".", spec.Type)
				}
				return true
			})
		}
	}
	return out
}

func note(into map[string]string, above string, of ast.Expr) {
	s, is := of.(*ast.StructType)
	if !is {
		return
	}
	for _, f := range s.Fields.List {
		if f.Tag == nil {
			continue
		}
		key := reflect.StructTag(strings.Trim(f.Tag.Value, "`")).Get("yaml")
		text := f.Doc.Text()
		if text == "" {
			text = f.Comment.Text()
		}
		into[above+key] = strings.Join(strings.Fields(text), " ")
	}
}

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
