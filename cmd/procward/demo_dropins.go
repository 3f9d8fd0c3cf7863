package main

// The victims. demoCrash is the one that will not come up again.
const (
	demoWeb     = "web"
	demoJob     = "job"
	demoUpgrade = "upgrade"
	demoCrash   = "crash"
	demoDB      = "db"
	demoGroup   = "shop" // of demoCrash and demoDB
)

// demoNames are the victims in the order of their names, in which a scan tells of them.
var demoNames = []string{demoCrash, demoDB, demoJob, demoUpgrade, demoWeb}

// demoDropIns are the files of the demo's conf.d: short times, else as on any host. The
// scripts go through /bin/sh since many hosts allow no execution in /tmp.
//
// The settle time of crash is longer than the second between two looks at processes that
// have to be polled, where there is no pidfd.
//
// The ladder ends in reboot. The demo's daemon is never given the means to carry that out
// (play.open), so the rung is refused.
var demoDropIns = map[string]string{
	"web.yaml": `processes:
  web:
    match: {name: demo-web, args: {^DIR/demo-web}}
    restart: {run: [/bin/sh, {DIR/restart}, web], start-timeout: 5s, settle: 1s}
  job:
    match: {name: demo-job, args: {^DIR/demo-job}}
    restart: {run: [/bin/sh, {DIR/restart}, job], start-timeout: 5s, settle: 1s}
  upgrade:
    match: {name: demo-upgrade, args: {^DIR/demo-upgrade}}
    restart: {run: [/bin/sh, {DIR/restart}, upgrade], start-timeout: 5s, settle: 1s}
    stall: [{stopped: 1s}]
`,
	"shop.yaml": `groups:
  shop:
    escalate:
      - restart-group: {attempts: 1, wait: 1s}
      - hook: {run: [/bin/sh, {DIR/hook}], timeout: 5s}
      - reboot: {}
processes:
  db:
    group: shop
    match: {name: demo-db, args: {^DIR/demo-db}}
    restart: {run: [/bin/sh, {DIR/restart}, db], start-timeout: 5s, settle: 1s}
  crash:
    group: shop
    after: [db]
    match: {name: demo-crash, args: {^DIR/demo-crash}}
    restart:
      run: [/bin/sh, {DIR/restart}, crash]
      attempts: 2
      backoff: {initial: 300ms}
      start-timeout: 700ms
      settle: 1500ms
`,
}

// demoScripts are the scripts. They open the FIFO for reading and writing, which never
// waits, so that none hangs where the demo has ended meanwhile.
var demoScripts = map[string]string{
	"restart": `#!/bin/sh
echo "script $1 $$" 1<>"${0%/*}/events"
"${0%/*}/demo-$1" </dev/null >/dev/null 2>&1 &
`,
	"hook": `#!/bin/sh
# On a cluster: move the group to another node and exit 0.
env >"${0%/*}/hook.env"
echo "hook $PROCWARD_GROUP $$" 1<>"${0%/*}/events"
exit 75
`,
}
