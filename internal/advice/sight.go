package advice

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	confd "procward/conf.d"
	"procward/internal/account"
	"procward/internal/hang"
	"procward/procscan"
)

// Sight is what one match selects now.
type Sight struct {
	Name       string     `json:"name"`
	Group      string     `json:"group,omitempty"`
	OK         bool       `json:"ok"` // as many are selected as count asks for, and nothing is in doubt
	Min        int        `json:"min"`
	Max        string     `json:"max"` // "4", "unlimited"
	Error      string     `json:"error,omitempty"`
	Selected   []Seen     `json:"selected"`
	Matching   []Seen     `json:"matching"` // before select
	Unreadable []Unread   `json:"unreadable,omitempty"`
	Near       []NearMiss `json:"near,omitempty"`
	Hint       int        `json:"pidfile_pid,omitempty"` // the PID in the pidfile, where it matches

	Match procscan.Match `json:"-"`
}

// Seen is one process.
type Seen struct {
	PID     int     `json:"pid"`
	Start   uint64  `json:"start"`
	PPID    int     `json:"ppid"`
	User    string  `json:"user"`
	UptimeS float64 `json:"uptime_s"`
	Comm    string  `json:"comm"`
	Exe     string  `json:"exe,omitempty"`
	Args    string  `json:"args,omitempty"`
	Unit    string  `json:"unit,omitempty"`
}

// Unread is a process that may be meant, but could not be read completely.
type Unread struct {
	PID   int    `json:"pid"`
	Comm  string `json:"comm"`
	What  string `json:"what"`
	Error string `json:"error"`
}

// UnreadRemedy is what the operator can do about processes that cannot be read.
func UnreadRemedy() string {
	if os.Geteuid() == 0 {
		return "narrow the match, by name or user for instance, so that they are out of the question"
	}
	return "run the command as root, or narrow the match"
}

// NearMiss is a process that nearly matches.
type NearMiss struct {
	PID  int    `json:"pid"`
	Comm string `json:"comm"`
	Why  string `json:"why"`
}

// looker is by what it is looked.
type looker struct {
	fs    *procscan.FS
	users account.Ask
}

func (l looker) sightOf(name string, p confd.Process, found procscan.Selection) Sight {
	s := Sight{
		Name: name, Group: p.Group, Min: p.Match.Count.Min, Max: p.Match.Count.Max.String(), Match: p.Match,
		Selected: l.seenOf(found.Selected), Matching: l.seenOf(found.Matching), Hint: found.Hint,
	}
	for _, u := range found.Unreadable {
		s.Unreadable = append(s.Unreadable, Unread{u.PID, u.Comm, u.What, fmt.Sprint(u.Err)})
	}
	if found.Err != nil {
		s.Error = found.Err.Error()
	}
	enough := len(s.Selected) >= s.Min && p.Match.Count.Max.Allows(len(s.Selected)-1)
	s.OK = enough && s.Error == "" && len(s.Unreadable) == 0
	return s
}

func missesOf(misses []procscan.NearMiss) []NearMiss {
	var out []NearMiss
	for _, m := range misses {
		out = append(out, NearMiss{m.PID, m.Comm, m.Why})
	}
	return out
}

func (l looker) seenOf(ps []procscan.Process) []Seen {
	out := make([]Seen, 0, len(ps))
	for _, p := range ps {
		d := l.detailsOf(p)
		out = append(out, Seen{
			PID: p.PID, Start: p.Start, PPID: p.PPID, User: d.user, Comm: p.Comm, Exe: d.exe, Args: d.args,
			UptimeS: (procscan.Boottime() - p.Started()).Seconds(), Unit: procscan.UnitOf(p.Unit),
		})
	}
	return out
}

// details is what is shown of a process and not always read by a scan.
type details struct{ user, exe, args string }

// detailTime limits the reading of details: a process whose memory is locked would make
// it hang for ever.
const detailTime = 2 * time.Second

func (l looker) detailsOf(p procscan.Process) details {
	d, err := hang.Do(&hang.Guard{}, "", detailTime, func() (details, error) { return l.readDetails(p), nil })
	if now, gone := l.fs.Read(p.PID); err == nil && gone == nil && now.ID == p.ID {
		return d
	}
	return details{user: "?", exe: p.Exe, args: p.Args}
}

func (l looker) readDetails(p procscan.Process) details {
	dir := "/proc/" + strconv.Itoa(p.PID)
	d := details{user: "?", exe: p.Exe, args: p.Args}
	var st unix.Stat_t
	if unix.Stat(dir, &st) == nil {
		d.user = account.NameOf(st.Uid, l.users)
	}
	if d.exe == "" {
		link, _ := os.Readlink(dir + "/exe")
		d.exe = strings.TrimSuffix(link, " (deleted)")
	}
	if d.args == "" {
		text, _ := os.ReadFile(dir + "/cmdline")
		d.args = strings.ReplaceAll(strings.TrimRight(string(text), "\x00"), "\x00", " ")
	}
	return d
}
