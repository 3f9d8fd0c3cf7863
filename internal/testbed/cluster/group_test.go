package cluster

import (
	"os"
	"strings"
	"testing"
)

// configureGroup puts a process under procward's care, in the group web, that procward
// starts itself, and only on request. With /run/broken it cannot be started.
func (h *host) configureGroup() {
	h.t.Helper()
	h.Write("/etc/procward/scripts/victim", `#!/bin/sh
[ ! -e /run/broken ] || exit 1
sleep 86400 </dev/null >/dev/null 2>&1 &
echo $! >/run/victim.pid
`, 0o755)
	h.Write("/etc/procward/scripts/stop", `#!/bin/sh
{ echo "$PROCWARD_EVENT"; procward status --json | grep '"suspended"'; } >/root/stop
`, 0o755)
	h.Write("/etc/procward/conf.d/web.yaml", `processes:
  victim:
    group: web
    match: {name: sleep, args: '^sleep 86400$'}
    restart: {run: /etc/procward/scripts/victim, attempts: 1, start-timeout: 2s, settle: 100ms}
groups:
  web: {startup: manual, start: /etc/procward/scripts/victim, stop: /etc/procward/scripts/stop, escalate: [{none: {}}]}
`, 0o644)
}

// is waits until procward has the process in a state, and holds whether it runs.
func (h *host) is(state string, runs bool) {
	h.t.Helper()
	until(h.t, "victim "+state+" on "+h.name, func() (string, bool) {
		out, _ := h.Exec("procward", "status", "victim", "--json")
		return out, strings.Contains(out, `"state": "`+state+`"`)
	})
	scan, code := h.run("procward", "scan", "web", "--json")
	if code > 1 || strings.Contains(scan, `"ppid":`) != runs { // 1: something is missing
		h.t.Errorf("the process on %s runs: %v: %s", h.name, !runs, scan)
	}
}

const webGroup = `<primitive id="web" class="ocf" provider="procward" type="procward">
 <instance_attributes id="web-a"><nvpair id="web-group" name="group" value="web"/></instance_attributes>
 <operations><op id="web-monitor" name="monitor" interval="1s"/></operations>
 <meta_attributes id="web-m"><nvpair id="web-threshold" name="migration-threshold" value="1"/></meta_attributes>
</primitive>`

// pacemakerAfter is the drop-in of docs/clusterware.md.
const pacemakerAfter = "[Unit]\nWants=procward.service\nAfter=procward.service\n"

// TestPacemakerGroup holds that the cluster starts and stops a group by procward, and
// takes it to the other node when procward has given it up, when the node rests, also
// while procward is suspended, and when the host is shut down.
func TestPacemakerGroup(t *testing.T) {
	t.Parallel()
	one, two := pacemaker(t)
	for _, h := range []*host{one, two} {
		h.configureGroup()
		h.Write("/etc/systemd/system/pacemaker.service.d/procward.conf", pacemakerAfter, 0o644)
		h.Must("systemctl", "daemon-reload")
		h.Must("systemctl", "start", "procward.service")
		h.is("absent", false)
	}
	one.create("web", "web", webGroup)
	one.is("up", true)
	two.is("absent", false)

	one.Write("/run/broken", "", 0o644)
	one.Must("sh", "-c", "kill -KILL $(cat /run/victim.pid)")
	one.said("given-up")
	one.runsOn("web", "two")
	two.is("up", true)
	one.is("stopped", false)
	one.Must("systemctl", "restart", "procward.service")
	one.is("stopped", false)

	one.Must("rm", "/run/broken")
	one.Must("procward", "recover", "web")
	one.Must("crm_resource", "--cleanup", "--resource", "web")
	one.runsOn("web", "one")
	one.is("up", true)
	two.is("stopped", false)

	one.Must("procward", "suspend")
	one.Must("crm_standby", "-N", "one", "-v", "on")
	two.runsOn("web", "two")
	two.is("up", true)
	one.is("stopped", false)

	one.Must("procward", "resume")
	one.Must("crm_standby", "-N", "one", "-D")
	two.runsOn("web", "one")
	one.is("up", true)
	home, err := os.OpenRoot(one.Path("/root")) // to look in when the host is down
	if err != nil {
		t.Fatal(err)
	}
	defer home.Close()
	if err := home.Remove("stop"); err != nil {
		t.Fatal(err)
	}
	if _, err := one.Exec("systemctl", "poweroff"); err != nil {
		t.Log(err) // it may be cut off
	}
	two.runsOn("web", "two")
	two.is("up", true)
	one.Wait()
	if said, err := home.ReadFile("stop"); err != nil || !strings.HasPrefix(string(said), "manual\n") || !strings.Contains(string(said), `"suspended": "`) {
		t.Errorf("at the shutdown the stop script said %q: %v", said, err)
	}
}
