package cluster

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const corosyncConf = `totem {
  version: 2
  cluster_name: test
  transport: knet
  crypto_cipher: none
  crypto_hash: none
  token: 5000
}
nodelist {
  node {
    ring0_addr: 10.99.0.1
    name: one
    nodeid: 1
  }
  node {
    ring0_addr: 10.99.0.2
    name: two
    nodeid: 2
  }
}
quorum {
  provider: corosync_votequorum
  two_node: 1
  wait_for_all: 0
}
logging {
  to_syslog: yes
}
`

// emptyCIB is a cluster without resources. With the usual dc-deadtime its first election
// would take 20 s.
const emptyCIB = `<cib crm_feature_set="3.0.14" validate-with="pacemaker-3.0" admin_epoch="0" epoch="1" num_updates="0">
 <configuration>
  <crm_config><cluster_property_set id="options">
   <nvpair id="o1" name="stonith-enabled" value="false"/>
   <nvpair id="o2" name="no-quorum-policy" value="ignore"/>
   <nvpair id="o3" name="dc-deadtime" value="1s"/>
  </cluster_property_set></crm_config>
  <nodes/><resources/><constraints/>
 </configuration>
 <status/>
</cib>
`

// pacemaker starts a cluster of two nodes.
func pacemaker(t *testing.T) (one, two *host) {
	t.Helper()
	one, two = twoHosts(t)
	for _, h := range []*host{one, two} {
		h.Write("/etc/corosync/corosync.conf", corosyncConf, 0o644)
		h.Write("/var/lib/pacemaker/cib/cib.xml", emptyCIB, 0o600)
		h.Must("chown", "hacluster:haclient", "/var/lib/pacemaker/cib/cib.xml")
		h.Must("systemctl", "start", "--no-block", "corosync", "pacemaker")
	}
	before := time.Now()
	until(t, "both nodes online", func() (string, bool) {
		out, _ := one.Exec("crm_mon", "-1", "--include=none,nodes")
		return out, strings.Contains(out, " Online: [ one two ]")
	})
	t.Logf("both nodes are online after %v", time.Since(before))
	return one, two
}

// create puts a resource into the cluster, which starts it on its favourite node, and
// waits for the last part of it.
func (h *host) create(resource, last, xml string) {
	h.t.Helper()
	h.Must("cibadmin", "--create", "--scope", "resources", "--xml-text", xml)
	h.Must("cibadmin", "--create", "--scope", "constraints", "--xml-text",
		fmt.Sprintf(`<rsc_location id="likes-%s" rsc="%[1]s" node="one" score="10"/>`, resource))
	h.runsOn(last, "one")
}

// runsOn waits until the cluster says that a resource runs on a node, and only there.
func (h *host) runsOn(resource, node string) {
	h.t.Helper()
	until(h.t, resource+" on "+node, func() (string, bool) {
		out, _ := h.Exec("crm_resource", "--locate", "--quiet", "--resource", resource)
		if strings.TrimSpace(out) == node {
			return out, true
		}
		all, _ := h.Exec("crm_mon", "-1", "-r", "-f")
		return out + "\n" + all, false
	})
}

// addressAndMore is a Pacemaker group: the address, and something on top of it.
const addressAndMore = `<group id="shop">
 <primitive id="address" class="ocf" provider="heartbeat" type="IPaddr2">
  <instance_attributes id="address-a"><nvpair id="address-ip" name="ip" value="10.99.0.100"/><nvpair id="address-mask" name="cidr_netmask" value="24"/></instance_attributes>
 </primitive>
 <primitive id="shopfront" class="ocf" provider="heartbeat" type="Dummy"/>
</group>`

// TestPacemakerHook is a whole story, and then each word of the hook by itself.
func TestPacemakerHook(t *testing.T) {
	t.Parallel()
	one, two := pacemaker(t)
	one.create("shop", "shopfront", addressAndMore)
	one.configure(`[{hook: {run: ` + hooks + `pacemaker, env: {ACTION: move, RESOURCE: shop}}}]`)
	one.Must("systemctl", "start", "procward.service")
	one.watched()
	if !one.has(floating) || two.has(floating) {
		t.Fatal("the address is not where it belongs")
	}
	one.crash()
	one.said("handed-over")
	one.runsOn("shopfront", "two")
	if one.has(floating) || !two.has(floating) {
		t.Error("the address has not moved with the group")
	}
	one.Must("systemctl", "stop", "procward.service")
	one.Must("crm_resource", "--clear", "--resource", "shop")
	one.runsOn("shopfront", "one")
	t.Run("words", func(t *testing.T) { pacemakerWords(t, one) })
	t.Run("refusals", func(t *testing.T) { pacemakerRefusals(t, one) })
}

func pacemakerWords(t *testing.T, one *host) {
	for _, c := range []struct {
		env  string
		undo string
		code int
		line string
	}{
		{"ACTION=standby RESOURCE=shop", "crm_standby -N one -D", 0, "pacemaker: standby: shop runs on two"},
		{"ACTION=standby LIFETIME=reboot", "crm_standby -N one -D -l reboot", 0, "pacemaker: standby: nothing runs on one"},
		{"ACTION=move RESOURCE=shop TARGET=two LIFETIME=PT1H", "crm_resource --clear --resource shop", 0, "pacemaker: move: shop runs on two"},
		{"ACTION=ban RESOURCE=shop", "crm_resource --clear --resource shop", 0, "pacemaker: ban: shop runs on two"},
		{"ACTION=failcount RESOURCE=shopfront TIMEOUT=3", "crm_resource --cleanup --resource shopfront", 1, "not done within 3 s"},
		{"ACTION=move RESOURCE=shop TARGET=three", "true", 1, "move failed"},
		{"ACTION=move RESOURCE=shopback", "true", 1, "does not say where shopback runs"},
		{"NODE=three", "true", 1, "the cluster knows no node three"},
	} {
		out, code := one.hook("pacemaker", strings.Fields(c.env)...)
		if code != c.code || !strings.Contains(out, c.line) {
			t.Errorf("%s: exit code %d, not %d: %s", c.env, code, c.code, out)
		}
		one.Must(strings.Fields(c.undo)...)
		one.runsOn("shopfront", "one")
	}
	one.Must("crm_resource", "--resource", "shopfront", "--meta", "--set-parameter", "migration-threshold", "--parameter-value", "1")
	if out, code := one.hook("pacemaker", "ACTION=failcount", "RESOURCE=shopfront"); code != 0 {
		t.Errorf("failcount with a threshold of 1: exit code %d: %s", code, out)
	}
	one.runsOn("shopfront", "two")
}

// pacemakerRefusals begins with all resources on two.
func pacemakerRefusals(t *testing.T, one *host) {
	refuses := func(line string, env ...string) {
		t.Helper()
		if out, code := one.hook("pacemaker", env...); code != 75 || !strings.Contains(out, line) {
			t.Errorf("%v: exit code %d: %s", env, code, out)
		}
	}
	refuses("shop is not on one but on: two", "ACTION=move", "RESOURCE=shop")
	one.Must("crm_standby", "-N", "two", "-v", "on")
	refuses("no other node can take over from one")
	one.Must("systemctl", "stop", "pacemaker")
	refuses("Pacemaker does not run here")
}
