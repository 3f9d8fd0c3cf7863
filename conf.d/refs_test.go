package confd

import (
	"maps"
	"reflect"
	"slices"
	"testing"
	"testing/fstest"
)

func TestReferenceAcrossFiles(t *testing.T) {
	tell(t,
		load{map[string]string{
			"a.yaml": procs(proc("a", ", group: web, after: [b]")), "b.yaml": procs(proc("b", ", group: web")),
			"g.yaml": "groups: {web: }\n",
		}, "a b web"},
		// What was in force stays when what it names is gone.
		load{map[string]string{"b.yaml": "-"},
			"a web\na.yaml stale\na.yaml:2:74: processes.a.after[0]: there is no process \"b\" in group web: add it, or remove it here (left out for now)"},
		load{map[string]string{"b.yaml": procs(proc("b", ", group: web"))}, "a b web"},
		// A rejected drop-in may have the name.
		load{map[string]string{"b.yaml": "-", "c.yaml": "oops: ["},
			"a web\nc.yaml left out\n" +
				"warning a.yaml:2:74: processes.a.after[0]: \"b\" may stand in a drop-in that is rejected: left out for now\n" +
				"c.yaml:1:7: is not YAML: did not find expected node content: a value is missing, or a bracket or brace is not closed"},
	)
}

func TestReferenceAtFirstLoad(t *testing.T) {
	tell(t, load{map[string]string{"a.yaml": procs(proc("a", ", group: web, after: [b]")), "b.yaml": procs(proc("c", "")), "g.yaml": "groups: {web: }\n"},
		"c web\na.yaml left out\na.yaml:2:74: processes.a.after[0]: there is no process \"b\" in group web: add it, or remove it here"})
}

func TestChangedReferenceFallsBack(t *testing.T) {
	tell(t,
		load{map[string]string{"a.yaml": "groups: {x: {}, y: {}}\n", "b.yaml": procs(proc("p", ", group: x"), proc("q", ", group: y"))}, "p q x y"},
		load{map[string]string{"a.yaml": "groups: {x: {depends-on: [z]}, y: {}, n: {}}\n"},
			"p q x y\na.yaml stale\na.yaml:1:27: groups.x.depends-on[0]: there is no group \"z\": add it, or remove it here; known here: n, x, y"},
	)
}

func TestCircleAcrossFiles(t *testing.T) {
	tell(t,
		load{map[string]string{
			"a.yaml": "groups: {a: {depends-on: [b]}}\n", "b.yaml": "groups: {b: {depends-on: [c]}}\n", "c.yaml": "groups: {c: {}}\n",
			"p.yaml": procs(proc("p", ", group: a"), proc("q", ", group: b"), proc("r", ", group: c")),
		}, "p q r a b c"},
		load{map[string]string{"c.yaml": "groups: {c: {depends-on: [a]}}\n"},
			"p q r a b c\nc.yaml stale\nc.yaml:1:27: groups.c.depends-on[0]: goes in a circle: c → a → b → c: remove one of them"},
	)
}

func TestDroppedReferenceIsNotInForce(t *testing.T) {
	c, err := Load(fstest.MapFS{
		"a.yaml": {Data: []byte(procs(proc("a", ", group: g, after: [gone, b]"), proc("b", ", group: g")))},
		"b.yaml": {Data: []byte("groups: {g: {depends-on: [h]}}\n")},
		"c.yaml": {Data: []byte(procs(proc("gone", ", group: g, stal: []")) + "groups: {h: }\n")},
	})
	must(t, err)
	if got := c.Processes["a"].After; !reflect.DeepEqual(got, []string{"b"}) {
		t.Errorf("after: %q", got)
	}
	if got := c.Groups["g"].DependsOn; len(got) != 0 {
		t.Errorf("depends-on: %q", got)
	}
	for _, p := range c.Problems[:2] {
		if !p.Warning {
			t.Error("no warning: ", p)
		}
	}
}

func TestGroupThatIsNotThere(t *testing.T) {
	tell(t,
		load{map[string]string{"a.yaml": procs(proc("a", ", group: wbe")), "g.yaml": "groups: {web: }\n"},
			`a web
warning a.yaml:2:61: processes.a.group: there is no group "wbe", so the process has no ladder but its own: did you mean web?
warning g.yaml:1:10: groups.web: has no member: give a process group: web, or remove the group`},
		load{map[string]string{"g.yaml": "-", "a.yaml": procs(proc("a", ", group: web"))},
			"a\nwarning a.yaml:2:61: processes.a.group: there is no group \"web\", so the process has no ladder but its own: add it, or remove it here"},
		load{map[string]string{"g.yaml": "groups: {web: 1}\n"},
			`a
g.yaml left out
warning a.yaml:2:61: processes.a.group: the group "web" may stand in a drop-in that is rejected: until that is corrected the process has no ladder but its own
g.yaml:1:15: groups.web: is a number: write a section of keys (depends-on, strategy, startup, start, start-attempts, stop, timeout, escalate, retry-after, remind)`},
	)
}

// A monitor that names what takes no part is left out: judged without what it needs, or
// without what it recovers, it would climb its ladder at once.
func TestMonitorWithoutItsReferenceIsNotInForce(t *testing.T) {
	c, err := Load(fstest.MapFS{
		"a.yaml": {Data: []byte(procs(proc("a", "")) + `monitors:
  good: {tcp: {address: 'a:1'}, recover: a}
  gone: {tcp: {address: 'a:1'}, recover: lost}
  needy: {tcp: {address: 'a:1'}, recover: a, needs: [good, far]}
  next: {tcp: {address: 'a:1'}, recover: a, needs: [needy]}
`)},
		"b.yaml": {Data: []byte(procs(proc("lost", ", stal: []")) + "monitors: {far: {tcp: {address: 'a:1'}}}\n")},
	})
	must(t, err)
	if got := slices.Sorted(maps.Keys(c.Monitors)); !slices.Equal(got, []string{"good"}) {
		t.Errorf("monitors: %q\n%s", got, show(c.Problems))
	}
}
