package cluster

import (
	"fmt"
	"strings"
	"testing"
)

const keepalivedConf = `global_defs {
  router_id %s
  vrrp_version 3
  vrrp_garp_master_delay 0
}
track_file web {
  file /run/web.fault
  weight 0
  init_file 0
}
vrrp_instance web {
  state BACKUP
  interface eth0
  virtual_router_id 51
  priority %d
  advert_int 0.2
  virtual_ipaddress {
    10.99.0.100/24
  }
  track_file {
    web
  }
}
`

func TestKeepalivedHook(t *testing.T) {
	t.Parallel()
	one, two := twoHosts(t)
	for h, priority := range map[*host]int{one: 150, two: 100} {
		h.Write("/etc/keepalived/keepalived.conf", fmt.Sprintf(keepalivedConf, h.name, priority), 0o644)
		h.Must("systemctl", "start", "keepalived")
	}
	addressOn := func(is, isNot *host) {
		t.Helper()
		until(t, "the address on "+is.name, func() (string, bool) { return "", is.has(floating) && !isNot.has(floating) })
	}
	addressOn(one, two)
	one.configure(`[{hook: {run: ` + hooks + `keepalived, env: {TRACK_FILE: /run/web.fault, ADDRESS: ` + floating + `}}}]`)
	one.Must("systemctl", "start", "procward.service")
	one.watched()
	one.crash()
	one.said("handed-over")
	addressOn(two, one)

	env := []string{"TRACK_FILE=/run/web.fault", "ADDRESS=" + floating}
	refuses := func(line string) {
		t.Helper()
		if out, code := one.hook("keepalived", env...); code != 75 || !strings.Contains(out, line) {
			t.Errorf("exit code %d: %s", code, out)
		}
	}
	refuses("was not here; /run/web.fault says 1")
	one.Write("/run/web.fault", "0\n", 0o644) // repaired
	addressOn(one, two)
	one.Must("systemctl", "stop", "keepalived")
	refuses("keepalived does not run here")
}
