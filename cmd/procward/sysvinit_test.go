package main

import (
	"os"
	"strings"
	"testing"

	"procward/internal/testbed"
	"procward/internal/testbed/nspawn"
)

// What a script of a runlevel stops when the host goes down is not restarted, whatever runs
// the scripts; and nothing of that is told as an error.
func TestShutdownWithoutSystemd(t *testing.T) {
	for name, root := range map[string]nspawn.Root{"sysvinit": nspawn.Sysvinit, "OpenRC": nspawn.OpenRC} {
		t.Run(name, func(t *testing.T) {
			m := nspawn.BootRoot(t, root)
			testbed.Until(t, "the end of the boot", func() bool {
				title, _ := m.Exec("cat", "/proc/1/cmdline")
				return strings.HasPrefix(title, "init [2]") || name == "sysvinit" && strings.HasPrefix(title, "init boot")
			})
			m.Copy(buildVersion(t, "1"), "/usr/sbin/procward")
			m.Write("/etc/procward/scripts/victim", "#!/bin/sh\ntouch /run/script-ran\nsetsid sleep 86400 >/dev/null 2>&1 </dev/null &\n", 0o755)
			m.Write("/etc/procward/conf.d/victim.yaml", `processes:
  victim:
    match: {args: '^sleep 86400$'}
    restart: {run: /etc/procward/scripts/victim, settle: 200ms, start-timeout: 5s}
`, 0o644)
			// It stops the victim, and takes its time.
			m.Write("/etc/init.d/victim", `#!/bin/sh
### BEGIN INIT INFO
# Provides: victim
# Required-Start: $remote_fs
# Required-Stop: $remote_fs
# Default-Start: 2
# Default-Stop: 0 6
### END INIT INFO
case $1 in stop) touch /run/stopping; pkill -KILL -x sleep; i=0; while [ $i -lt 30 ] && ! [ -e /run/go ]; do /usr/bin/perl -e 'select(undef,undef,undef,.1)'; i=$((i+1)); done;; esac
`, 0o755)
			m.Must("update-rc.d", "victim", "defaults")
			m.Must("sh", "-c", "/etc/procward/scripts/victim; rm /run/script-ran")
			m.Must("sh", "-c", "setsid procward run --log-to stderr --log-format json >/run/log 2>&1 </dev/null &")
			log := func() string {
				text, _ := os.ReadFile(m.Path("/run/log"))
				return string(text)
			}
			testbed.Until(t, "the victim found", func() bool { return strings.Contains(log(), `"found"`) })
			kept := "" // the container is gone with its files
			m.Must("sh", "-c", "setsid init 0 >/dev/null 2>&1 </dev/null &")
			testbed.Tells(t, "the end of the victim, or of procward, told", func() (string, bool) {
				if text := log(); text != "" {
					kept = text
				}
				return kept, strings.Contains(kept, `"down"`) || strings.Contains(kept, `"stopped"`)
			})
			m.Stop()
			// OpenRC stops what it has itself started, and this one it has not.
			if told := strings.Contains(kept, `"down"`); !told && name == "sysvinit" {
				t.Errorf("the end of the victim is not told:\n%s", kept)
			}
			if !strings.Contains(kept, `"event":"suspended"`) || strings.Contains(kept, `"event":"restart"`) || strings.Contains(kept, `"severity":"err"`) {
				t.Errorf("it says:\n%s", kept)
			}
		})
	}
}
