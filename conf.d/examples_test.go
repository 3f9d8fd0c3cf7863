package confd

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestShipped holds that the shipped drop-ins load, and act on nothing.
func TestShipped(t *testing.T) {
	c, err := Load(Shipped)
	must(t, err)
	if len(c.Files) == 0 || len(c.Problems) > 0 {
		t.Errorf("%d files\n%s", len(c.Files), show(c.Problems))
	}
	if len(c.Processes)+len(c.Groups) > 0 {
		t.Errorf("they act on %v %v", c.Processes, c.Groups)
	}
}

// TestShippedUncommented holds that what the shipped drop-ins show in comments is good
// as well: lines that begin with a # and no blank.
func TestShippedUncommented(t *testing.T) {
	for _, name := range corpus(t, ".") {
		data := readFile(t, name)
		bare := regexp.MustCompile(`(?m)^#(\S|  )`).ReplaceAll(data, []byte("$1"))
		if bytes.Equal(bare, data) {
			t.Errorf("%s: nothing in comments", name)
		}
		c := loadOne(t, name, bare)
		if len(c.Problems) > 0 {
			t.Errorf("%s\n%s", show(c.Problems), bare)
		}
	}
}

// TestExamples holds that every example loads without a word, and that the scripts it
// names are there.
func TestExamples(t *testing.T) {
	ends := false // one ends the machine
	for _, name := range corpus(t, "../examples") {
		t.Run(name, func(t *testing.T) {
			c := loadOne(t, name, readFile(t, filepath.Join("../examples", name)))
			if len(c.Problems) > 0 {
				t.Error(show(c.Problems))
			}
			if len(c.Processes) == 0 {
				t.Error("no processes")
			}
			ends = ends || len(c.OSRungs()) > 0
			for _, path := range append(c.Scripts(), commented(readFile(t, filepath.Join("../examples", name)))...) {
				if _, err := os.Stat(sourceOf(path)); err != nil {
					t.Errorf("%s: %v", path, err)
				}
			}
		})
	}
	if !ends {
		t.Error("no example shows a rung that ends the machine")
	}
}

// sourceOf is the file that is installed, or copied by hand, as the path.
func sourceOf(path string) string {
	for installed, source := range map[string]string{
		"/etc/procward/scripts/":   "../examples/scripts/",
		"/usr/lib/procward/hooks/": "../packaging/hooks/",
	} {
		if base, ok := strings.CutPrefix(path, installed); ok {
			return source + base
		}
	}
	return "nowhere"
}

// commented are the scripts that a drop-in names in a comment.
func commented(data []byte) []string {
	var out []string
	for _, m := range regexp.MustCompile(`#run: \[([^],]+)`).FindAllSubmatch(data, -1) {
		out = append(out, string(m[1]))
	}
	return out
}

// TestExampleScripts holds that the scripts are executable, stop at the first failure,
// and are accepted by the shell, and by shellcheck where there is one.
func TestExampleScripts(t *testing.T) {
	paths, err := filepath.Glob("../examples/scripts/*")
	if err != nil || len(paths) == 0 {
		t.Fatal("no scripts: ", err)
	}
	for _, path := range paths {
		if info, err := os.Stat(path); err != nil || info.Mode()&0o100 == 0 { // the rest is the umask's of whoever checked them out
			t.Errorf("%s: %v %v", path, info.Mode(), err)
		}
		if data := readFile(t, path); !bytes.HasPrefix(data, []byte("#!/bin/sh\n# ")) || !bytes.Contains(data, []byte("\nset -eu\n")) {
			t.Errorf("%s does not begin as the others do", path)
		}
		run(t, "sh", "-n", path)
	}
	run(t, "shellcheck", paths...)
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Logf("%s is not here: %v", name, err)
		return
	}
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Errorf("%s %s: %v\n%s", name, args, err, out)
	}
}

// TestExampleArguments holds which command lines the examples take for theirs.
func TestExampleArguments(t *testing.T) {
	for _, c := range []struct{ file, process, args string }{
		{"sshd.yaml", "sshd", "/usr/sbin/sshd -D"},
		{"sshd.yaml", "sshd", "/usr/sbin/sshd"},
		{"sshd.yaml", "sshd", "sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups"},
		{"sshd.yaml", "", "sshd: alice [priv]"},
		{"sshd.yaml", "", "sshd: [accepted]"},
		{"sshd.yaml", "", "sshd-session: alice@pts/0"},
		{"sshd.yaml", "", "/usr/sbin/sshd -D -R"},
		{"java-server.yaml", "orders", "java -Xmx1g -XX:+ExitOnOutOfMemoryError -jar /opt/orders/orders.jar"},
		{"java-server.yaml", "orders", "/usr/bin/java -jar /opt/orders/orders.jar --port 80"},
		{"java-server.yaml", "", "java -jar /opt/orders/orders.jar.old"},
		{"java-server.yaml", "", "java -jar /opt/orders/orders-jar"},
		{"web-and-db.yaml", "appserver", "java -jar /opt/shop/shop.jar"},
	} {
		for name, p := range loadOne(t, c.file, readFile(t, filepath.Join("../examples", c.file))).Processes {
			if p.Match.Args == "" {
				continue
			}
			is := regexp.MustCompile(p.Match.Args).MatchString(c.args)
			if p.Match.NotArgs != "" {
				is = is && !regexp.MustCompile(p.Match.NotArgs).MatchString(c.args)
			}
			if is != (name == c.process) {
				t.Errorf("%s: %q matches %s: %v", c.file, c.args, name, is)
			}
		}
	}
}
