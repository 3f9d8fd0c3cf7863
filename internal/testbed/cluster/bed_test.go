// Package cluster tests procward beside real clusterware: Pacemaker with corosync, and
// keepalived, each on two hosts. A host is a container with its own network namespace
// (internal/testbed/nspawn); a veth pair is the cable between the two. Nothing of it reaches
// the network of the machine that runs the tests.
package cluster

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"procward/internal/testbed"
	"procward/internal/testbed/nspawn"
)

// root is what both hosts hold. The clusterware is started by the tests.
var root = nspawn.Plus("cluster-1",
	[]string{"iproute2", "pacemaker", "pacemaker-cli-utils", "corosync", "resource-agents", "libxml2-utils", "keepalived"},
	[]string{"corosync", "pacemaker", "keepalived"})

// The addresses of the two hosts, and one that is on one of them at a time.
const (
	addressOne = "10.99.0.1"
	addressTwo = "10.99.0.2"
	floating   = "10.99.0.100"
)

// Where procward's parts are inside.
const (
	hooks = "/usr/lib/procward/hooks/"
	agent = "/usr/lib/ocf/resource.d/procward/procward"
)

// host is one of the two.
type host struct {
	*nspawn.Container
	t    *testing.T
	name string
}

// twoHosts boots the hosts "one" and "two" with a cable between them, and procward
// installed as its package would, but not started.
func twoHosts(t *testing.T) (one, two *host) {
	t.Helper()
	one, two = &host{nspawn.BootRoot(t, root), t, "one"}, &host{nspawn.BootRoot(t, root), t, "two"}
	// The PID is one of this namespace, so only the files and the network are entered.
	cable := exec.Command("nsenter", "-t", strconv.Itoa(one.Leader()), "-m", "-n", "--",
		"ip", "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", strconv.Itoa(two.Leader()))
	if out, err := cable.CombinedOutput(); err != nil {
		t.Fatalf("no cable between the hosts: %v: %s", err, out)
	}
	binary := build(t)
	for h, address := range map[*host]string{one: addressOne, two: addressTwo} {
		h.Must("hostname", h.name)
		h.Must("ip", "address", "add", address+"/24", "dev", "eth0")
		h.Must("ip", "link", "set", "eth0", "up")
		h.install(binary)
	}
	return one, two
}

// atOnce is how many tests run at the same time: they mostly wait for clusterware.
const atOnce = "3"

// built makes the program of the tree that is tested, below a directory of TestMain.
var built = sync.OnceValues(func() (string, error) {
	binary := filepath.Join(os.Getenv("CLUSTER_TEST_DIR"), "procward")
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", binary, "../../../cmd/procward")
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build procward: %w: %s", err, out)
	}
	return binary, nil
})

func TestMain(m *testing.M) {
	testbed.Leash()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "cluster-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	os.Setenv("CLUSTER_TEST_DIR", dir)
	flag.Parse()
	if err := flag.Set("test.parallel", atOnce); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

func build(t *testing.T) string {
	t.Helper()
	binary, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return binary
}

func (h *host) install(binary string) {
	h.t.Helper()
	h.Copy(binary, "/usr/sbin/procward")
	h.Copy("../../../packaging/systemd/procward.service", "/etc/systemd/system/procward.service")
	h.Copy("../../../packaging/ocf/procward", agent)
	shipped, err := os.ReadDir("../../../packaging/hooks")
	if err != nil {
		h.t.Fatal(err)
	}
	for _, hook := range shipped {
		h.Copy("../../../packaging/hooks/"+hook.Name(), hooks+hook.Name())
	}
	h.Must("systemctl", "daemon-reload")
}

// until waits for a condition of both hosts or one of them.
func until(t *testing.T, what string, ok func() (string, bool)) string {
	t.Helper()
	return testbed.Tells(t, what, ok)
}

// said waits for a message of procward in the host's journal, and gives it.
func (h *host) said(event string) string {
	h.t.Helper()
	return until(h.t, event+" on "+h.name, func() (string, bool) {
		out, _ := h.Exec("journalctl", "-q", "-o", "cat", "--no-pager", "PROCWARD_EVENT="+event)
		if out != "" {
			return out, true
		}
		all, _ := h.Exec("journalctl", "-q", "-o", "cat", "--no-pager", "-u", "procward.service")
		return "the journal:\n" + all, false
	})
}

// configure starts a process that procward cannot restart, and puts it under procward's
// care in the group web, with this ladder.
func (h *host) configure(ladder string) {
	h.t.Helper()
	h.Write("/etc/systemd/system/victim.service", "[Service]\nExecStart=/usr/bin/sleep 86400\n", 0o644)
	h.Write("/etc/procward/conf.d/web.yaml", fmt.Sprintf(`processes:
  victim:
    group: web
    match: {name: sleep, args: '^/usr/bin/sleep 86400$'}
    restart: {run: /bin/false, attempts: 1, start-timeout: 200ms, settle: 100ms}
groups:
  web:
    escalate: %s
`, ladder), 0o644)
	h.Must("systemctl", "daemon-reload")
	h.Must("systemctl", "start", "victim.service")
}

// watched waits until procward has found the process.
func (h *host) watched() {
	h.t.Helper()
	until(h.t, "victim up on "+h.name, func() (string, bool) {
		out, err := h.Exec("procward", "status", "web")
		return fmt.Sprint(out, err), err == nil
	})
}

// crash kills the process for good.
func (h *host) crash() {
	h.t.Helper()
	h.Must("systemctl", "kill", "--signal=KILL", "victim.service")
}

// run runs a command with a deadline and gives its output and exit code.
func (h *host) run(args ...string) (string, int) {
	h.t.Helper()
	out, err := h.Exec(args...)
	var exit *exec.ExitError
	switch {
	case err == nil:
		return out, 0
	case errors.As(err, &exit):
		return strings.TrimSpace(out + " " + err.Error()), exit.ExitCode()
	}
	h.t.Fatal(err)
	return "", 0
}

// hook runs a hook by itself, as procward would, with these variables.
func (h *host) hook(name string, env ...string) (string, int) {
	h.t.Helper()
	return h.run(append(append([]string{"env"}, env...), hooks+name)...)
}

// has reports whether an address is on the host.
func (h *host) has(address string) bool {
	h.t.Helper()
	return strings.Contains(h.Must("ip", "-o", "address", "show", "to", address), address)
}
