package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// mostMethods is how many methods a type may have.
const mostMethods = 40

// method is one method of a type, and the methods of its receiver and of its fields that it calls.
type method struct {
	file            string
	calls, ofFields []string
}

// types is the methods of each type that product code declares, by package and name, then by
// the method's name.
func types(t *testing.T) map[string]map[string]method {
	t.Helper()
	all := map[string]map[string]method{}
	for _, p := range packages(t) {
		room := strings.TrimPrefix(p.ImportPath, "procward/")
		for _, name := range p.GoFiles {
			parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range parsed.Decls {
				f, is := d.(*ast.FuncDecl)
				if !is || f.Recv == nil {
					continue
				}
				of := room + "." + receiver(f)
				if all[of] == nil {
					all[of] = map[string]method{}
				}
				calls, ofFields := callsOfReceiver(f)
				all[of][f.Name.Name] = method{name, calls, ofFields}
			}
		}
	}
	return all
}

// receiver is the name of the type that a method is of.
func receiver(f *ast.FuncDecl) string {
	name := ""
	ast.Inspect(f.Recv.List[0].Type, func(n ast.Node) bool {
		if id, is := n.(*ast.Ident); is && name == "" {
			name = id.Name
		}
		return true
	})
	return name
}

// callsOfReceiver is what a method calls, or names, of its own receiver, and of its fields: field.Name.
func callsOfReceiver(f *ast.FuncDecl) (own, ofFields []string) {
	if len(f.Recv.List[0].Names) == 0 || f.Body == nil {
		return nil, nil
	}
	self := f.Recv.List[0].Names[0].Name
	ast.Inspect(f.Body, func(n ast.Node) bool {
		s, is := n.(*ast.SelectorExpr)
		if !is {
			return true
		}
		switch x := s.X.(type) {
		case *ast.Ident:
			if x.Name == self {
				own = append(own, s.Sel.Name)
			}
		case *ast.SelectorExpr:
			if id, is := x.X.(*ast.Ident); is && id.Name == self {
				ofFields = append(ofFields, x.Sel.Name+"."+s.Sel.Name)
			}
		}
		return true
	})
	return own, ofFields
}

// A type that does everything is one that nobody can hold in his head.
func TestNoTypeDoesEverything(t *testing.T) {
	all := types(t)
	if len(all) < 100 {
		t.Fatalf("only %d types are found", len(all))
	}
	for name, methods := range all {
		if strings.HasPrefix(name, bed) {
			continue
		}
		if len(methods) > mostMethods {
			t.Errorf("%s has %d methods, and may have %d: take a room out of it", name, len(methods), mostMethods)
		}
	}
}

// desks is the types of the engine's router, by the field of Machine: for the sake of circles they
// are one.
var desks = map[string]string{"": "Machine", "processes": "processes", "ladders": "ladders", "monitors": "monitors", "ops": "operations",
	"operator": "operator", "jobs": "jobs", "keeper": "keeper", "alarms": "alarms"}

// router is the methods of all desks as if they were of one type, by field and name.
func router(t *testing.T, all map[string]map[string]method) map[string]method {
	out := map[string]method{}
	for field, desk := range desks {
		methods := all["internal/engine."+desk]
		if methods == nil {
			t.Errorf("the engine has no %s: this test looks for the wrong types", desk)
		}
		for name, m := range methods {
			calls := m.ofFields
			for _, call := range m.calls {
				if _, own := methods[call]; own {
					call = field + "." + call
				} else {
					call = "." + call
				}
				calls = append(calls, call)
			}
			out[field+"."+name] = method{m.file, calls, nil}
		}
	}
	return out
}

// Who follows a circle of calls from file to file does not know where he is.
func TestMethodsCallInNoCircleOverFiles(t *testing.T) {
	all := types(t)
	all["the router of the engine"] = router(t, all)
	for name, methods := range all {
		if strings.HasPrefix(name, bed) || name == "internal/rehearse.World" { // which plans calls on its clock
			continue
		}
		for from := range methods {
			back := reaching(methods, from)
			for _, on := range reached(methods, from) {
				if slices.Contains(back, on) && methods[on].file != methods[from].file && from < on {
					t.Errorf("%s: %s in %s and %s in %s call each other", name, from, methods[from].file, on, methods[on].file)
				}
			}
		}
	}
}

// reached is the methods that one calls, also through others.
func reached(methods map[string]method, from string) []string {
	var out []string
	for next := []string{from}; len(next) > 0; next = next[1:] {
		for _, call := range methods[next[0]].calls {
			if _, is := methods[call]; is && !slices.Contains(out, call) {
				out = append(out, call)
				next = append(next, call)
			}
		}
	}
	return out
}

// reaching is the methods that call one, also through others.
func reaching(methods map[string]method, to string) []string {
	var out []string
	for name := range methods {
		if slices.Contains(reached(methods, name), to) {
			out = append(out, name)
		}
	}
	return out
}
