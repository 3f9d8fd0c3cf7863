package cluster

import (
	"strings"
	"testing"

	"procward/internal/engine"
	"procward/internal/testbed/nspawn"
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

// web is the parameter for the group.
const web = "OCF_RESKEY_group=web"

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
	h.configureGroup()
	for _, parameters := range [][]string{nil, {"-o", "unit=none"}, {"-o", "group=web"}} {
		if len(parameters) > 0 && parameters[1] == "group=web" {
			h.Must("systemctl", "start", "procward.service")
		}
		args := append([]string{"ocf-tester", "-n", "guard"}, parameters...)
		out, code := h.run(append(args, agent)...)
		if code != 0 || !strings.Contains(out, "passed all tests") || strings.Contains(out, "rc=") {
			t.Errorf("ocf-tester %v: exit code %d: %s", parameters, code, out)
		}
	}
}

// standIn is a procward that does not always answer: /run/group holds the state of its one
// process, and /run/refuse how often it is not to answer.
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
      "state": "whatever",
      "members": []
    }
  ],
  "processes": [
    {
      "name": "victim",
      "state": "$(cat /run/group)"
    }
  ]
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

// says runs an action of the agent by itself, and holds its exit code and reason.
func (h *host) says(action, parameters string, want int, line string) {
	h.t.Helper()
	args := append([]string{"env", "OCF_ROOT=/usr/lib/ocf", "OCF_RESOURCE_INSTANCE=guard", "OCF_RESKEY_CRM_meta_interval=10000"},
		strings.Fields(parameters)...)
	out, code := h.run(append(args, agent, action)...)
	if code != want || !strings.Contains(out, line) {
		h.t.Errorf("%s %s: %d, not %d with %q: %s", action, parameters, code, want, line, out)
	}
}

// TestAgent is what the agent says of each state.
func TestAgent(t *testing.T) {
	t.Parallel()
	h := oneHost(t)
	h.configure(`[{none: {}}]`)
	h.says("monitor", "", ocfNotRunning, "")
	h.says("monitor", web, ocfGeneric, "no daemon watches them")
	h.says("monitor", "OCF_RESKEY_binary=/nowhere", ocfInstalled, "not installed")
	h.says("validate-all", "OCF_RESKEY_binary=/nowhere", ocfInstalled, "not installed")
	h.says("validate-all", "OCF_RESKEY_group=a/b", ocfConfigured, "no name of a group")
	h.says("restart", "", ocfUnimplemented, "usage")
	h.Must("systemctl", "stop", "victim.service")
	h.says("monitor", web, ocfNotRunning, "")
	h.says("start", web, ocfGeneric, "the daemon does not run")
	h.says("stop", web, ocfSuccess, "")

	h.Must("systemctl", "start", "victim.service", "procward.service")
	h.watched()
	h.says("monitor", "", ocfSuccess, "")
	h.says("monitor", web, ocfSuccess, "")
	h.says("monitor", "OCF_RESKEY_group=nosuch", ocfInstalled, "no group nosuch")
	h.says("monitor", "OCF_RESKEY_group=victim", ocfInstalled, "no group victim")
	h.says("stop", "OCF_RESKEY_group=nosuch", ocfSuccess, "")
	h.crash()
	h.said("given-up")
	h.says("monitor", "", ocfGeneric, "given up")
	h.says("monitor", web, ocfGeneric, "given up web")
	h.Must("systemctl", "restart", "procward.service")
	h.says("start", "", ocfGeneric, "given up here before")
	h.Must("systemctl", "stop", "procward.service")
	h.Must("systemctl", "start", "victim.service")
	h.says("start", "", ocfSuccess, "") // it is back
}

// TestAgentOfStates has a daemon that is in every state, and one that does not answer.
func TestAgentOfStates(t *testing.T) {
	t.Parallel()
	h := oneHost(t)
	h.configure(`[{none: {}}]`)
	h.Must("systemctl", "start", "procward.service") // a PID to see
	h.stand("/usr/local/sbin/stand-in")
	const stood = "OCF_RESKEY_binary=/usr/local/sbin/stand-in " + web
	for state, want := range map[engine.State]int{
		engine.Up: ocfSuccess, engine.Restarting: ocfSuccess, engine.Climbing: ocfSuccess, engine.HeldState: ocfSuccess, engine.EndedState: ocfSuccess,
		engine.StoppedBy: ocfNotRunning, engine.AbsentNow: ocfNotRunning, engine.Unknown: ocfNotRunning, engine.SuspendedState: ocfNotRunning,
		engine.GaveUp: ocfGeneric, engine.Handed: ocfGeneric,
	} {
		h.Write("/run/group", string(state)+"\n", 0o644)
		h.says("monitor", stood, want, "")
	}
	h.says("start", stood, ocfSuccess, "")
	h.says("monitor", stood, ocfSuccess, "")
	h.Write("/run/refuse", "1\n", 0o644)
	h.says("monitor", stood, ocfGeneric, "does not answer")
	h.Write("/run/refuse", "2\n", 0o644)
	h.says("stop", stood, ocfSuccess, "") // waits for the daemon
	h.says("monitor", stood, ocfNotRunning, "")
}
