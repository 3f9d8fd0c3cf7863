package message

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestResolve(t *testing.T) {
	for _, c := range []struct {
		to              []string
		journal, syslog bool
		want            []string
	}{
		{nil, true, true, []string{"journal"}},
		{[]string{"auto"}, true, true, []string{"journal"}},
		{[]string{"auto"}, false, true, []string{"syslog"}},
		{[]string{"auto"}, false, false, []string{"auto"}},
		{[]string{"auto", "syslog", "stderr"}, false, true, []string{"syslog", "stderr"}},
		{[]string{"journal"}, false, false, []string{"journal"}},
		{[]string{"stderr", "stderr"}, true, true, []string{"stderr"}},
	} {
		if got := resolve(c.to, c.journal, c.syslog); !slices.Equal(got, c.want) {
			t.Errorf("%q with journal %v, syslog %v: %q", c.to, c.journal, c.syslog, got)
		}
	}
}

func TestOpen(t *testing.T) {
	dir := sockDir(t)
	syslog := filepath.Join(dir, "log")
	l := listen(t, syslog)
	log, err := open(Destination{To: []string{"auto"}, Facility: "local1"}, filepath.Join(dir, "none"), syslog, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	log.Send(Message{Kind: Started, Detail: "3 processes"})
	if got := receive(t, l); !strings.HasPrefix(got, "<141>") || !strings.HasSuffix(got, ": PW0101 procward started: 3 processes") {
		t.Errorf("got %q", got)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := log.Close(ctx); err != nil {
		t.Error(err)
	}
}

func TestDestinationValidate(t *testing.T) {
	err := Destination{To: []string{"auto", "file"}, Facility: "local9"}.Validate()
	if err == nil || err.Error() != `"file" is not one of auto, journal, syslog, stderr`+"\n"+`"local9" is not a syslog facility: write for example daemon, user, or local0 to local7` {
		t.Errorf("got %v", err)
	}
	if err := (Destination{To: []string{"journal", "syslog", "stderr"}, Facility: "user"}).Validate(); err != nil {
		t.Error(err)
	}
	if _, err := Open(Destination{To: []string{"nowhere"}}); err == nil {
		t.Error("opened nowhere")
	}
}
