package cluster

import (
	"strings"
	"testing"

	"procward/internal/nspawn"
)

// Exit codes of the resource agent API.
const (
	ocfSuccess       = 0
	ocfGeneric       = 1
	ocfUnimplemented = 3
	ocfInstalled     = 5
	ocfConfigured    = 6
	ocfNotRunning    = 7
)

// guard is procward's daemon as a resource of the cluster.
const guard = `<primitive id="guard" class="ocf" provider="procward" type="procward">
 <operations><op id="guard-monitor" name="monitor" interval="1s"/></operations>
 <meta_attributes id="guard-m"><nvpair id="guard-threshold" name="migration-threshold" value="1"/></meta_attributes>
</primitive>`

// TestPacemakerAgent holds that Pacemaker takes the daemon's resource to the other node
// when procward has given up, and when it ends itself by stop-daemon.
func TestPacemakerAgent(t *testing.T) {
	t.Parallel()
	one, two := pacemaker(t)
	for _, h := range []*host{one, two} {
		h.configure(`[{none: {}}]`)
	}
	one.create("guard", "guard", guard)
	one.watched()
	one.crash()
	one.said("given-up")
	one.runsOn("guard", "two")
	two.watched()
	if got, _ := one.run("systemctl", "is-active", "procward.service"); !strings.HasPrefix(got, "inactive") {
		t.Errorf("on one the daemon is %s", got)
	}

	one.configure(`[{stop-daemon: {}}]`)
	one.Must("crm_resource", "--cleanup", "--resource", "guard")
	one.runsOn("guard", "one")
	one.watched()
	one.crash()
	one.runsOn("guard", "two")
	two.watched()
	if got := one.Must("systemctl", "show", "--property=ExecMainStatus", "--value", "procward.service"); got != "70" {
		t.Errorf("on one the daemon ended with %s", got)
	}
}

// oneHost boots a host without a cluster.
func oneHost(t *testing.T) *host {
	t.Helper()
	h := &host{nspawn.BootRoot(t, root), t, "alone"}
	h.install(build(t))
	return h
}

func TestOCFTester(t *testing.T) {
	t.Parallel()
	h := oneHost(t)
	h.configure(`[{none: {}}]`)
	h.stand("/usr/local/sbin/stand-in")
	for _, parameters := range [][]string{
		nil,
		{"-o", "unit=none"},
		{"-o", "binary=/usr/local/sbin/stand-in", "-o", "group=web"},
	} {
		args := append([]string{"ocf-tester", "-n", "guard"}, parameters...)
		out, code := h.run(append(args, agent)...)
		if code != 0 || !strings.Contains(out, "passed all tests") || strings.Contains(out, "rc=") {
			t.Errorf("ocf-tester %v: exit code %d: %s", parameters, code, out)
		}
	}
}

// standIn is a procward that can start and stop groups; /run/group holds the state of its
// one, and /run/refuse how often it is not to answer. It stands for the commands of the
// program only.
const standIn = `#!/bin/sh
while [ $# -gt 0 ]; do
	case $1 in
	--socket | --config-dir) shift 2 ;;
	*) break ;;
	esac
done
read -r refuse </run/refuse
if [ "$refuse" -gt 0 ]; then
	echo $((refuse - 1)) >/run/refuse
	exit 3
fi
case $1 in
start) [ "$2" = web ] && echo up >/run/group ;;
stop) [ "$2" = web ] && echo stopped >/run/group ;;
status) cat <<END
{
  "version": "stand-in",
  "groups": [
    {
      "name": "web",
      "state": "$(cat /run/group)",
      "members": []
    }
  ],
  "processes": []
}
END
	;;
*) exit 2 ;;
esac
`

func (h *host) stand(path string) {
	h.t.Helper()
	h.Write("/run/group", "stopped\n", 0o644)
	h.Write("/run/refuse", "0\n", 0o644)
	h.Write(path, standIn, 0o755)
}

// TestAgent is what the agent says of each state.
func TestAgent(t *testing.T) {
	t.Parallel()
	h := oneHost(t)
	says := func(action, parameters string, want int, line string) {
		t.Helper()
		args := append([]string{"env", "OCF_ROOT=/usr/lib/ocf", "OCF_RESOURCE_INSTANCE=guard", "OCF_RESKEY_CRM_meta_interval=10000"},
			strings.Fields(parameters)...)
		out, code := h.run(append(args, agent, action)...)
		if code != want || !strings.Contains(out, line) {
			t.Errorf("%s %s: %d, not %d with %q: %s", action, parameters, code, want, line, out)
		}
	}
	h.configure(`[{none: {}}]`)
	says("monitor", "", ocfNotRunning, "")
	says("monitor", "OCF_RESKEY_group=web", ocfGeneric, "no daemon watches them")
	says("monitor", "OCF_RESKEY_binary=/nowhere", ocfInstalled, "not installed")
	says("validate-all", "OCF_RESKEY_binary=/nowhere", ocfInstalled, "not installed")
	says("validate-all", "OCF_RESKEY_group=a/b", ocfConfigured, "no name of a group")
	says("restart", "", ocfUnimplemented, "usage")
	h.Must("systemctl", "stop", "victim.service")
	says("monitor", "OCF_RESKEY_group=web", ocfNotRunning, "")
	says("start", "OCF_RESKEY_group=web", ocfGeneric, "the daemon does not run")
	says("stop", "OCF_RESKEY_group=web", ocfSuccess, "")

	h.Must("systemctl", "start", "victim.service", "procward.service")
	h.watched()
	says("monitor", "", ocfSuccess, "")
	says("monitor", "OCF_RESKEY_group=web", ocfSuccess, "")
	says("monitor", "OCF_RESKEY_group=nosuch", ocfInstalled, "no group nosuch")
	says("monitor", "OCF_RESKEY_group=victim", ocfInstalled, "no group victim")
	says("stop", "OCF_RESKEY_group=nosuch", ocfSuccess, "")
	h.crash()
	h.said("given-up")
	says("monitor", "", ocfGeneric, "given up")
	says("monitor", "OCF_RESKEY_group=web", ocfGeneric, "given up web")

	h.stand("/usr/local/sbin/stand-in")
	const stood = "OCF_RESKEY_binary=/usr/local/sbin/stand-in OCF_RESKEY_group=web"
	for _, c := range []struct {
		state string
		want  int
	}{
		{"up", ocfSuccess}, {"down", ocfSuccess}, {"climbing", ocfSuccess}, {"stopped", ocfNotRunning},
		{"given-up", ocfGeneric}, {"handed-over", ocfGeneric},
	} {
		h.Write("/run/group", c.state+"\n", 0o644)
		says("monitor", stood, c.want, "")
	}
	says("start", stood, ocfSuccess, "")
	says("monitor", stood, ocfSuccess, "")
	h.Write("/run/refuse", "1\n", 0o644)
	says("monitor", stood, ocfGeneric, "does not answer")
	h.Write("/run/refuse", "2\n", 0o644)
	says("stop", stood, ocfSuccess, "") // waits for the daemon
	says("monitor", stood, ocfNotRunning, "")
	h.Write("/usr/local/sbin/stand-in", strings.NewReplacer("start)", "nostart)", "stop)", "nostop)").Replace(standIn), 0o755)
	h.Write("/run/group", "up\n", 0o644)
	says("stop", stood, ocfUnimplemented, "cannot stop a group")
	h.Write("/run/group", "stopped\n", 0o644)
	says("start", stood, ocfUnimplemented, "cannot start a group")
}
