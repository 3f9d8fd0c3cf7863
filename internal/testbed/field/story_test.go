package field

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"
)

func TestParse(t *testing.T) {
	text := "# why\non alone\nneeds nginx curl\neach how KILL SEGV\neach match a b\n\ndaemon\n# a remark\ndo one\n\ttwo\nsignal @how@ x\n"
	stories, err := Parse("nginx/killed.story", text)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range stories {
		names = append(names, s.Name)
	}
	if got := strings.Join(names, " "); got != "killed-KILL-a killed-KILL-b killed-SEGV-a killed-SEGV-b" {
		t.Errorf("names: %s", got)
	}
	s := stories[3]
	if s.Case != "nginx" || s.On != OnAlone || strings.Join(s.Needs, " ") != "nginx curl" || s.Vars["how"] != "SEGV" || s.Vars["match"] != "b" {
		t.Errorf("header: %+v", s)
	}
	if len(s.Steps) != 3 || s.Steps[1] != (Step{Line: 9, Verb: "do", Rest: "one\ntwo"}) {
		t.Errorf("steps: %+v", s.Steps)
	}
}

func TestParseRefuses(t *testing.T) {
	for text, wanted := range map[string]string{
		"":                        "c/x.story: it tells nothing",
		"daemon\nfly home":        "c/x.story:2: fly: there is no such verb",
		"on mars\ndaemon":         "c/x.story:1: on mars: it is host, alone or systemd",
		"pending\ndaemon":         "c/x.story:1: pending: say what it waits for",
		"each how KILL\ndaemon":   "c/x.story:1: each: a name and two values at least",
		"signal KILL":             "c/x.story:1: usage: signal NAME WHO...",
		"state a up now":          "c/x.story:1: usage: state PROCESS STATE",
		"message down cause='x y": "c/x.story:1: a quote is not closed",
		"pid old":                 "c/x.story:1: usage: pid NAME LINE",
	} {
		_, err := Parse("c/x.story", text)
		if err == nil || !strings.HasPrefix(err.Error(), wanted) {
			t.Errorf("%q: %v, want %s", text, err, wanted)
		}
	}
}

func TestStoriesOfACase(t *testing.T) {
	told := &fstest.MapFile{Data: []byte("daemon\n")}
	stories, err := Stories(fstest.MapFS{"b/two.story": told, "a/one.story": told, "a/app.yaml": told, "stray.story": told})
	if err != nil || len(stories) != 2 || stories[0].Case != "a" || stories[1].Name != "two" {
		t.Errorf("%+v %v", stories, err)
	}
}

func TestExpand(t *testing.T) {
	value := func(name string) (string, bool) { return "/field", name == "WORK" }
	if got, err := expand("a@b @WORK@/x @@ $1", value); err != nil || got != "a@b /field/x @@ $1" {
		t.Errorf("%q %v", got, err)
	}
	if _, err := expand("kill @old@", value); err == nil || !strings.Contains(err.Error(), "@old@") {
		t.Errorf("an unknown variable: %v", err)
	}
}

func TestSplit(t *testing.T) {
	words, err := split("recovered cause='exited with code 0' x~'' last")
	if got := strings.Join(words, "|"); err != nil || got != "recovered|cause=exited with code 0|x~|last" {
		t.Errorf("%q %v", got, err)
	}
}

func TestWant(t *testing.T) {
	s := newSaid()
	s.listen(strings.NewReader(`{"event":"down","id":"PW0201","process":"app","pid":12,"cause":"killed by SIGKILL"}` + "\npanic: x\n"))
	for text, is := range map[string]bool{
		"down":                        true,
		"PW0201":                      true,
		"*":                           true,
		"up":                          false,
		"down process=app pid=12":     true,
		"down process=ap":             false,
		"down cause~KILL$":            true,
		"down cause~'^killed by SEG'": false,
		"down attempt=":               true,
		"down pid=":                   false,
	} {
		words, _ := split(text)
		w, err := parseWant(words)
		if _, found := s.find(0, w); err != nil || found != is {
			t.Errorf("%q: %v %v", text, found, err)
		}
	}
	if text, is := s.stray(); !is || text != "panic: x" {
		t.Errorf("stray: %q", text)
	}
	if _, err := parseWant([]string{"down", "app"}); err == nil {
		t.Error("a field without a value is accepted")
	}
}

func TestReadmeNamesEveryVerb(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range verbNames() {
		if !strings.Contains(string(text), "`"+strings.ReplaceAll(verbs[name].usage, "|", `\|`)+"`") {
			t.Errorf("README.md does not tell of `%s`", verbs[name].usage)
		}
	}
}
